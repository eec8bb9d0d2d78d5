//! The nearest of some known names, for "did you mean".

/// The known name nearest to `given`, if it is near enough to look like a slip: at most a third of its letters differ.
pub(crate) fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::osa_distance(given, name), name))
        .filter(|(distance, name)| *distance <= name.len() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_name_and_anything_else_finds_none() {
        let names = ["listen", "database.url"];
        assert_eq!(nearest("lisen", names.into_iter()), Some("listen"));
        assert_eq!(nearest("databse.url", names.into_iter()), Some("database.url"));
        assert_eq!(nearest("colour", names.into_iter()), None);
    }
}
