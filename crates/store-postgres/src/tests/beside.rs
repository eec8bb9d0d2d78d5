//! A connection beside the engine's: SQL as another program would send it, one statement after another.

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::Address;

/// The connection.
pub(crate) struct Beside {
    runtime: Runtime,
    client: Client,
}

impl Beside {
    pub(crate) fn new(address: &Address) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let (client, connection) = address.config().connect(NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        });
        Self { runtime, client }
    }

    /// The first column of each row, or the error's SQLSTATE.
    pub(crate) fn run(&mut self, sql: &str) -> Result<Vec<String>, String> {
        let messages = self.runtime.block_on(self.client.simple_query(sql));
        let messages = messages.map_err(|error| error.code().unwrap().code().to_owned())?;
        let texts = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        Ok(texts.collect())
    }
}
