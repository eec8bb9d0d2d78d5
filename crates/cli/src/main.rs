//! The binary `registrar`: the composition root. It hands clock, randomness, environment and files to everything else.
//!
//! Commands are thin: they read their input, call a use case and print the result; rules live in `registrar-domain`.

mod arguments;
mod commands;
mod config;
mod credentials_file;
mod database;
mod failure;
mod input;
mod installation;
mod logging;
mod output;
mod process;
mod serving;
mod system;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};
use config::environment::Environment;
use failure::{Exit, Failure};

/// A create makes and frees about two hundred small values; the C library's allocator took a quarter of its instructions.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    output::keep_values_out_of_panics();
    let arguments = Arguments::parse();
    let environment = Environment::of_this_process();
    let exit = run(arguments.command, &environment).unwrap_or_else(|failure| {
        output::tell(failure.to_string().trim_end());
        failure.exit()
    });
    ExitCode::from(exit as u8)
}

fn run(command: Command, environment: &Environment) -> Result<Exit, Failure> {
    match command {
        Command::Dev(arguments) => commands::dev::run(&arguments, environment),
        Command::Serve(arguments) => commands::serve::run(&arguments, environment),
        Command::MasterKey(arguments) => commands::master_key::run(&arguments),
        Command::Platform(arguments) => commands::platform::run(&arguments, environment),
        Command::Key(arguments) => commands::key::run(&arguments, environment),
        Command::Customer(arguments) => commands::customer::run(&arguments, environment),
        Command::Sign(arguments) => commands::sign::run(&arguments),
        Command::Lists(arguments) => commands::lists::run(&arguments),
        Command::Doctor(arguments) => commands::doctor::run(&arguments, environment),
        Command::Migrate(arguments) => commands::migrate::run(&arguments, environment),
        Command::Copy(arguments) => commands::copy::run(&arguments, environment),
        Command::Reference(arguments) => commands::reference::run(&arguments),
    }
}
