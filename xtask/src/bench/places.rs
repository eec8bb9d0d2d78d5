//! What can be put under load: the built server, the bare echo server, the server over an append-only log.
//!
//! Invariant: what a place started ends with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::bench::Plan;
use crate::bench::http_load::{HttpLoad, Target};
use crate::fleet::{Installation, Member};
use crate::load::Signer;
use crate::process::{example, output};
use crate::server::{Credentials, Server, Starting, registrar, scratch};

/// The programs of one run and a folder for what they write.
pub(crate) struct Workshop {
    /// Emptied at the beginning of a run.
    pub(crate) folder: PathBuf,
    /// The binary `registrar`.
    pub(crate) binary: PathBuf,
    examples: Vec<(&'static str, PathBuf)>,
    pin: bool,
}

/// Something that serves.
pub(crate) struct Place {
    /// Where it serves.
    pub(crate) target: Target,
    /// Signs requests that it accepts.
    pub(crate) signer: Signer,
    pin: bool,
    running: Running,
}

enum Running {
    Member(Member),
    #[expect(dead_code, reason = "held so that it runs")]
    Server(Server),
}

impl Workshop {
    /// Builds what a run needs.
    pub(crate) fn new(mode: &str, plan: &Plan) -> Outcome<Self> {
        let folder = scratch(&format!("bench-{mode}"))?;
        let binary = registrar(plan.binary.as_deref(), true, &folder)?;
        let build = |name: &'static str| example(name).map(|path| (name, path));
        Ok(Self { folder, binary, examples: vec![build("echo")?, build("engine")?], pin: plan.pin })
    }

    /// An empty folder of the run.
    pub(crate) fn folder(&self, name: &str) -> Outcome<PathBuf> {
        let folder = self.folder.join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// An installation on an embedded database in a new folder.
    pub(crate) fn installation(&self, name: &str) -> Outcome<Installation> {
        let folder = self.folder(name)?;
        let database = format!("sqlite:{}", folder.join("registrar.db").display());
        Installation::create(&self.binary, &folder, &database)
    }

    /// A server of an embedded installation, on core 0 where cores are kept.
    pub(crate) fn serve(&self, installation: &Installation) -> Outcome<Place> {
        let mut member = installation.member(0)?;
        member.launch.core = self.pin.then_some(0);
        member.start()?;
        let processes = vec![member.pid().ok_or("the server has ended")?];
        let target = Target { addresses: vec![member.address], processes };
        Ok(Place { target, signer: installation.signer()?, pin: self.pin, running: Running::Member(member) })
    }

    /// A new embedded installation and its server.
    pub(crate) fn embedded(&self, name: &str) -> Outcome<Place> {
        self.serve(&self.installation(name)?)
    }

    /// The bare echo server, with answers of that many bytes; whatever `signer` signs.
    pub(crate) fn echo(&self, answer_bytes: usize, signer: &Signer) -> Outcome<Place> {
        let command = self.example("echo", self.pin)?;
        self.example_place(command, &[&answer_bytes.to_string()], |_| Ok(signer.clone()))
    }

    /// The server over an append-only log.
    pub(crate) fn log(&self, name: &str) -> Outcome<Place> {
        let folder = self.folder(name)?;
        let arguments = ["log-server", &folder.display().to_string()].map(str::to_owned);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.example_place(self.example("engine", self.pin)?, &arguments, |_| {
            Signer::new(&Credentials::of(&folder)?)
        })
    }

    /// What the program `engine` prints; on all cores.
    pub(crate) fn engine(&self, arguments: &[&str]) -> Outcome<String> {
        output(self.example("engine", false)?.args(arguments))
    }

    fn example_place(
        &self,
        mut command: Command,
        arguments: &[&str],
        signer: impl FnOnce(&Server) -> Outcome<Signer>,
    ) -> Outcome<Place> {
        command.args(arguments);
        let server = Starting::of(command, &self.folder.join("examples.log"))?.ready()?;
        let target = Target { addresses: vec![server.address], processes: vec![server.pid()] };
        let signer = signer(&server)?;
        Ok(Place { target, signer, pin: self.pin, running: Running::Server(server) })
    }

    fn example(&self, name: &str, pin: bool) -> Outcome<Command> {
        let found = self.examples.iter().find(|(example, _)| *example == name);
        let path: &Path = found.map(|(_, path)| path).ok_or("no such example")?;
        let mut command = Command::new("taskset");
        if pin {
            command.args(["--cpu-list", "0"]).arg(path);
            return Ok(command);
        }
        Ok(Command::new(path))
    }
}

impl Place {
    /// A load on it.
    pub(crate) fn load(&self, connections: usize) -> HttpLoad {
        HttpLoad::new(self.target.clone(), &self.signer, connections, self.pin)
    }

    /// The server of Registrar, if it is one.
    pub(crate) const fn member(&self) -> Option<&Member> {
        match &self.running {
            Running::Member(member) => Some(member),
            Running::Server(_) => None,
        }
    }
}
