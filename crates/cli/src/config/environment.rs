//! The process environment, read once; the only place of the program that reads it.

/// What the name of every variable of ours starts with.
pub(crate) const VARIABLE_PREFIX: &str = "REGISTRAR_";

/// What the program takes from its environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// Every variable whose name starts with `REGISTRAR_` and whose value is text.
    registrar: Vec<(String, String)>,
    /// Names of `REGISTRAR_` variables whose value is not UTF-8.
    unreadable: Vec<String>,
    no_color: bool,
    user: Option<String>,
}

impl Environment {
    /// Reads the environment of this process.
    pub(crate) fn of_this_process() -> Self {
        let mut environment = Self::default();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str() else { continue };
            let value = value.into_string();
            match (name, value) {
                // no-color.org: set and not empty.
                ("NO_COLOR", value) => environment.no_color = !value.is_ok_and(|text| text.is_empty()),
                ("USER", Ok(user)) if !user.is_empty() => environment.user = Some(user),
                (name, Ok(value)) if name.starts_with(VARIABLE_PREFIX) => {
                    environment.registrar.push((name.to_owned(), value));
                }
                (name, Err(_)) if name.starts_with(VARIABLE_PREFIX) => {
                    environment.unreadable.push(name.to_owned());
                }
                _ => {}
            }
        }
        environment.registrar.sort();
        environment.unreadable.sort();
        environment
    }

    /// The `REGISTRAR_` variables, sorted by name.
    pub(crate) fn registrar_variables(&self) -> &[(String, String)] {
        &self.registrar
    }

    /// The names of `REGISTRAR_` variables that cannot be read as text.
    pub(crate) fn unreadable_variables(&self) -> &[String] {
        &self.unreadable
    }

    /// Whether colours are unwanted (`NO_COLOR`).
    pub(crate) fn no_color(&self) -> bool {
        self.no_color
    }

    /// The name of the user who runs the command, for audit events.
    pub(crate) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// An environment with these `REGISTRAR_` variables.
    #[cfg(test)]
    pub(crate) fn with_variables(variables: &[(&str, &str)]) -> Self {
        let registrar =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { registrar, ..Self::default() }
    }
}
