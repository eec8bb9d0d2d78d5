//! Logging: events of our own crates, on standard error alone, with the fields of the allow-list and no others.
//!
//! A stuck standard error must not stall requests: lines go to a bounded queue, and are dropped when it is full.

mod allow_list;
mod line;

use std::io::Write;
use std::sync::Arc;
#[cfg(test)]
use std::sync::Mutex;

use registrar_domain::clock::Clock;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::config::kind::{LogFormat, LogLevel};
use allow_list::Kept;
use line::Line;
pub(crate) use line::Style;

/// Lines that may wait to be written; at 300 bytes a line this bounds the queue to about 2 MiB.
const LINES_WAITING_MAX: usize = 8192;

/// Where the log lines of this process go, and how they look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogChoice {
    pub(crate) style: Style,
    pub(crate) level: LogLevel,
}

impl LogChoice {
    /// The configured format, or the one that suits standard error.
    pub(crate) fn new(format: Option<LogFormat>, level: LogLevel, terminal: bool, no_color: bool) -> Self {
        let style = match format {
            Some(LogFormat::Json) => Style::Json,
            None if !terminal => Style::Json,
            Some(LogFormat::Human) | None => Style::Human { colour: terminal && !no_color },
        };
        Self { style, level }
    }
}

/// Starts logging for the whole process; what is queued is written when the guard is dropped.
pub(crate) fn start_logging(choice: LogChoice, clock: Arc<dyn Clock>) -> WorkerGuard {
    let (writer, guard) = tracing_appender::non_blocking::NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(LINES_WAITING_MAX)
        .thread_name("log")
        .finish(std::io::stderr());
    let subscriber = tracing_subscriber::registry().with(LogLines::new(choice, clock, Sink::Queue(writer)));
    // Fails only if a subscriber was set before, which this process does in no other place.
    let _ = tracing::subscriber::set_global_default(subscriber);
    guard
}

enum Sink {
    Queue(NonBlocking),
    #[cfg(test)]
    Memory(Arc<Mutex<Vec<u8>>>),
}

impl Sink {
    fn write(&self, line: &str) {
        match self {
            // The queue drops the line when it is full; there is nobody left to tell.
            Self::Queue(queue) => drop(queue.clone().write_all(line.as_bytes())),
            #[cfg(test)]
            Self::Memory(bytes) => {
                if let Ok(mut bytes) = bytes.lock() {
                    bytes.extend_from_slice(line.as_bytes());
                }
            }
        }
    }
}

struct LogLines {
    choice: LogChoice,
    clock: Arc<dyn Clock>,
    sink: Sink,
}

impl LogLines {
    fn new(choice: LogChoice, clock: Arc<dyn Clock>, sink: Sink) -> Self {
        Self { choice, clock, sink }
    }

    /// Only our own crates: what a library logs is not under the rules of the allow-list.
    fn accepts(&self, metadata: &Metadata<'_>) -> bool {
        let most = match self.choice.level {
            LogLevel::Error => tracing::Level::ERROR,
            LogLevel::Warn => tracing::Level::WARN,
            LogLevel::Info => tracing::Level::INFO,
            LogLevel::Debug => tracing::Level::DEBUG,
        };
        metadata.target().starts_with("registrar") && *metadata.level() <= most
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLines {
    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        self.accepts(metadata)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut kept = Kept::default();
        attributes.record(&mut kept);
        if let Some(span) = context.span(id) {
            span.extensions_mut().replace(kept);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(kept) = span.extensions_mut().get_mut::<Kept>()
        {
            values.record(kept);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut kept = Kept::default();
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(of_span) = span.extensions().get::<Kept>() {
                kept.fields.extend(of_span.fields.iter().cloned());
            }
        }
        event.record(&mut kept);
        let metadata = event.metadata();
        let line =
            Line { at: self.clock.now(), level: *metadata.level(), target: metadata.target(), kept: &kept };
        self.sink.write(&line.render(self.choice.style));
    }
}

#[cfg(test)]
mod tests {
    use super::{LogChoice, LogFormat, LogLevel, LogLines, Sink, Style};
    use registrar_domain::clock::{Clock, UnixMillis};
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::layer::SubscriberExt;

    struct Fixed;
    impl Clock for Fixed {
        fn now(&self) -> UnixMillis {
            UnixMillis(1_700_000_000_123)
        }
    }

    fn logged(style: Style, level: LogLevel, work: impl FnOnce()) -> String {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let lines =
            LogLines::new(LogChoice { style, level }, Arc::new(Fixed), Sink::Memory(Arc::clone(&bytes)));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), work);
        let bytes = bytes.lock().unwrap();
        String::from_utf8(bytes.clone()).unwrap()
    }

    #[test]
    fn a_field_that_is_not_on_the_list_is_dropped() {
        let line = logged(Style::Json, LogLevel::Info, || {
            tracing::info!(email = "asha@example.in", status = 200, first_name = ?"Asha", zip = 12345, "answered");
        });
        assert_eq!(
            line,
            "{\"time\":\"2023-11-14T22:13:20.123Z\",\"level\":\"info\",\"target\":\"registrar::logging::tests\",\
             \"message\":\"answered\",\"status\":200}\n"
        );
    }

    #[test]
    fn a_dropped_field_is_not_even_formatted() {
        struct Personal;
        impl std::fmt::Debug for Personal {
            fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                panic!("a dropped field was read");
            }
        }
        let line = logged(Style::Json, LogLevel::Info, || tracing::info!(customer = ?Personal, "kept"));
        assert!(line.contains("kept"));
    }

    #[test]
    fn the_fields_of_a_span_obey_the_same_list() {
        let line = logged(Style::Human { colour: false }, LogLevel::Info, || {
            let span = tracing::info_span!(
                "request",
                trace_id = "t-1",
                email = "a@b.in",
                status = tracing::field::Empty
            );
            span.in_scope(|| {
                span.record("status", 400);
                tracing::info!(code = "invalid_request", "refused");
            });
        });
        assert_eq!(
            line,
            "2023-11-14T22:13:20.123Z INFO  refused trace_id=t-1 status=400 code=invalid_request\n"
        );
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let line = logged(Style::Human { colour: false }, LogLevel::Info, || {
            tracing::info!(client_request_id = "a\x1b[2Jb\nc", "x");
        });
        assert_eq!(line.matches('\n').count(), 1);
        assert!(!line.contains('\x1b'), "{line:?}");
    }

    #[test]
    fn events_of_libraries_and_below_the_level_are_not_logged() {
        let line = logged(Style::Json, LogLevel::Warn, || {
            tracing::error!(target: "hyper", "a library's words");
            tracing::info!("too quiet");
            tracing::warn!("loud enough");
        });
        assert_eq!(line.lines().count(), 1);
        assert!(line.contains("loud enough"));
    }

    #[test]
    fn the_default_format_suits_where_the_lines_go() {
        let style =
            |format, terminal, no_color| LogChoice::new(format, LogLevel::Info, terminal, no_color).style;
        assert_eq!(style(None, false, false), Style::Json);
        assert_eq!(style(None, true, false), Style::Human { colour: true });
        assert_eq!(style(None, true, true), Style::Human { colour: false });
        assert_eq!(style(Some(LogFormat::Human), false, false), Style::Human { colour: false });
        assert_eq!(style(Some(LogFormat::Json), true, false), Style::Json);
    }
}
