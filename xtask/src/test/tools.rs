//! Tools that the tests need beside Rust: found, or installed after saying so.
//!
//! Invariant: nothing is installed silently, and what cannot be installed is an error that says what to do by hand.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::machine::project;
use crate::process::{is_there, output, run};

/// Makes sure that a program is there; on Debian installs the packages that bring it.
pub(crate) fn need(program: &str, packages: &[&str]) -> Outcome<()> {
    if is_there(program) {
        return Ok(());
    }
    install(&format!("`{program}` is missing"), packages)?;
    if is_there(program) {
        return Ok(());
    }
    Err(format!("{} is installed, but there is still no `{program}`", packages.join(" ")).into())
}

/// Forbids packages to start services while they are being installed (Debian's policy-rc.d), unless it is decided already.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// The same for packages that would start a service of their own, which nobody asked for.
pub(crate) fn need_without_services(program: &str, packages: &[&str]) -> Outcome<()> {
    let decided = Path::new(POLICY).exists();
    if is_there(program) || decided {
        return need(program, packages);
    }
    std::fs::write(POLICY, "#!/bin/sh\nexit 101\n").map_err(|why| format!("{POLICY}: {why}"))?;
    let outcome = run(Command::new("chmod").args(["755", POLICY])).and_then(|()| need(program, packages));
    std::fs::remove_file(POLICY)?;
    outcome
}

fn install(reason: &str, packages: &[&str]) -> Outcome<()> {
    let wanted = packages.join(" ");
    if !is_there("apt-get") {
        return Err(
            format!("{reason} and there is no apt-get; install it by hand (on Debian: {wanted})").into()
        );
    }
    println!("installing {wanted} with apt-get, because {reason}");
    apt_get(&["update", "--quiet"], &[])
        .and_then(|()| apt_get(&["install", "--yes", "--quiet", "--no-install-recommends"], packages))
        .map_err(|why| format!("{why}; as root, run `apt-get install {wanted}` by hand"))?;
    Ok(())
}

fn apt_get(arguments: &[&str], packages: &[&str]) -> Outcome<()> {
    let is_root = output(Command::new("id").arg("-u"))?.trim() == "0";
    let mut command = Command::new(if is_root { "env" } else { "sudo" });
    if !is_root {
        command.args(["--non-interactive", "env"]);
    }
    run(command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments).args(packages))
        .map_err(|_| "apt-get failed".into())
}

/// Installs an npm package into `.test-tools/node`; returns the folder for `NODE_PATH`.
pub(crate) fn npm_package(name: &str, version: &str) -> Outcome<PathBuf> {
    need("node", &["nodejs"])?;
    let folder = project().join(".test-tools").join("node");
    let modules = folder.join("node_modules");
    if !modules.join(name).join("package.json").exists() {
        need("npm", &["npm"])?;
        println!("installing the npm package {name} {version} into .test-tools/node");
        std::fs::create_dir_all(&folder)?;
        let options =
            ["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
        let mut command = Command::new("npm");
        run(command.args(options).arg("--prefix").arg(&folder).arg(format!("{name}@{version}")))?;
    }
    Ok(modules)
}

/// Installs what a `package.json` asks for into a folder of its own in `.test-tools`, which is named like the folder of the
/// file; returns the folder for `NODE_PATH`.
pub(crate) fn npm_project(package: &Path) -> Outcome<PathBuf> {
    need("node", &["nodejs"])?;
    let name = package.parent().and_then(Path::file_name).ok_or("a package.json lies in a folder")?;
    let folder = project().join(".test-tools").join(name);
    let (wanted, installed) = (std::fs::read_to_string(package)?, folder.join("installed.json"));
    let modules = folder.join("node_modules");
    if std::fs::read_to_string(&installed).is_ok_and(|have| have == wanted) {
        return Ok(modules);
    }
    need("npm", &["npm"])?;
    println!("installing what {} asks for into {}", package.display(), folder.display());
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("package.json"), &wanted)?;
    let options = ["install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
    run(Command::new("npm").args(options).arg("--prefix").arg(&folder))?;
    std::fs::write(installed, wanted)?;
    Ok(modules)
}

/// Makes a Python environment of that name in `.test-tools` from a requirements file; returns its folder of programs.
pub(crate) fn python_environment(name: &str, requirements: &Path) -> Outcome<PathBuf> {
    need("python3", &["python3"])?;
    let folder = project().join(".test-tools").join(name);
    let programs = folder.join("bin");
    let wanted = std::fs::read_to_string(requirements)?;
    let installed = folder.join("requirements.txt");
    if std::fs::read_to_string(&installed).is_ok_and(|have| have == wanted) {
        return Ok(programs);
    }
    println!("installing {} with pip into .test-tools/{name}", wanted.trim().replace('\n', ", "));
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&folder);
    if run(&mut make).is_err() {
        // Debian keeps what makes environments in a package apart from python3.
        install("`python3 -m venv` fails", &["python3-venv"])?;
        run(&mut make)?;
    }
    run(Command::new(programs.join("pip"))
        .args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(requirements))?;
    std::fs::write(installed, wanted)?;
    Ok(programs)
}
