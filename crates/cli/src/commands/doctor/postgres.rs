//! What is judged of a PostgreSQL database beyond its settings: replicas, clocks, the rights of the role.
//!
//! Changes nothing. Invariant: every finding that is not fine has a cure.

use registrar_store_postgres::Inspection;

use super::finding::Finding;

const CHECK: &str = "database";

/// Clocks that NTP keeps differ by milliseconds. By as much as this server's clock is wrong, callers with a right one come
/// nearer to the edge of the window in which a request's timestamp is accepted (contract 1.5).
const CLOCK_DIFFERENCE_MILLIS_MAX: i64 = 1000;

/// Whether commits wait for a replica. An address of several hosts is that of a cluster, where one server going away is
/// what the others are for. A server only warns even then: refusing to start would make an outage of a replica's loss,
/// while servers that run go on.
pub(super) fn check_replicas(found: &Inspection) -> Finding {
    let cure = "set synchronous_standby_names; with Patroni synchronous_mode and synchronous_mode_strict: without the \
                latter Patroni empties it when the last standby is gone, and commits wait for nobody";
    if !found.synchronous_standbys.is_empty() {
        Finding::ok(CHECK, "commits wait for a replica")
    } else if found.names_several_hosts {
        let detail = "the address names several hosts, but commits wait for no replica: a failover loses customers that \
                      were accepted last";
        Finding::fail(CHECK, detail, cure)
    } else {
        let detail = "commits wait for no replica: losing this server loses what it accepted last";
        Finding::warn(CHECK, detail, format!("one server alone needs none; for a cluster {cure}"))
    }
}

/// Whether this machine and the server agree on the time.
pub(super) fn check_clock(ahead_millis: i64) -> Finding {
    if ahead_millis.abs() <= CLOCK_DIFFERENCE_MILLIS_MAX {
        return Finding::ok(CHECK, "its clock and this machine's agree");
    }
    let way = if ahead_millis > 0 { "ahead of" } else { "behind" };
    let detail = format!("its clock is at least {} ms {way} this machine's", ahead_millis.abs());
    let cure = "keep both right with NTP: a request is refused if its timestamp is too far from this machine's clock";
    Finding::warn(CHECK, detail, cure)
}

/// What the connected role may do.
pub(super) fn check_rights(found: &Inspection) -> Vec<Finding> {
    let (rights, command) = (&found.rights, &found.migrate_command);
    let role = &rights.role;
    let apart = format!("make another role with `createuser`, run `{command}`, and name it in the address");
    let mut findings = Vec::new();
    if rights.is_superuser {
        let detail = format!("the role {role} is a superuser: nothing in the database is refused to it");
        findings.push(Finding::warn(CHECK, detail, apart));
    } else if rights.owns_tables {
        let detail =
            format!("the role {role} owns the tables: a fault in a server could change or drop all of them");
        findings.push(Finding::warn(CHECK, detail, apart));
    }
    if rights.bypasses_row_security && !rights.is_superuser {
        let detail = format!("row-level security does not hold for the role {role}");
        findings.push(Finding::warn(CHECK, detail, format!("ALTER ROLE {role} NOBYPASSRLS")));
    }
    if rights.creates_roles && !rights.is_superuser {
        let detail = format!("the role {role} can make roles, and with them rights for itself");
        findings.push(Finding::warn(CHECK, detail, format!("ALTER ROLE {role} NOCREATEROLE")));
    }
    if !rights.missing.is_empty() {
        let detail = format!("the role {role} lacks {}", rights.missing.join(", "));
        findings.push(Finding::fail(CHECK, detail, format!("run `{command}`")));
    }
    if !rights.excessive.is_empty() {
        let detail = format!("the role {role} has {}, which no server needs", rights.excessive.join(", "));
        let cure = format!("run `{command}`; what is granted to PUBLIC or by membership, revoke there");
        findings.push(Finding::warn(CHECK, detail, cure));
    }
    if findings.is_empty() && found.pending_migrations.is_empty() {
        findings.push(Finding::ok(
            CHECK,
            format!("the role {role} has the rights that servers need and no more"),
        ));
    }
    findings
}

/// A schema that is not this release's.
pub(super) fn pending(found: &Inspection) -> Finding {
    let missing = found.pending_migrations.join(", ");
    let detail = format!("its schema is older than this release or not there; missing: {missing}");
    let cure = if found.rights.may_migrate {
        "run `registrar migrate` or start this release".to_owned()
    } else {
        format!("run `{}`", found.migrate_command)
    };
    Finding::warn(CHECK, detail, cure)
}

#[cfg(test)]
mod tests {
    use registrar_store_postgres::{Inspection, Protection, RoleRights};

    use super::super::finding::{Finding, State};
    use super::{check_clock, check_replicas, check_rights, pending};

    fn inspection() -> Inspection {
        Inspection {
            protection: Protection::SameMachine,
            version: "15.1".to_owned(),
            data_checksums: true,
            unsafe_settings: Vec::new(),
            synchronous_commit: "on".to_owned(),
            synchronous_standbys: String::new(),
            clock_ahead_millis: 0,
            pending_migrations: Vec::new(),
            rights: RoleRights {
                role: "app".to_owned(),
                is_superuser: false,
                bypasses_row_security: false,
                creates_roles: false,
                owns_tables: false,
                owner: Some("owner".to_owned()),
                may_migrate: false,
                missing: Vec::new(),
                excessive: Vec::new(),
            },
            migrate_command: "registrar migrate …".to_owned(),
            names_several_hosts: false,
        }
    }

    #[test]
    fn commits_that_wait_for_no_replica_fail_in_a_cluster_and_are_a_warning_on_one_server() {
        let state = |standbys: &str, names_several_hosts| {
            let synchronous_standbys = standbys.to_owned();
            check_replicas(&Inspection { synchronous_standbys, names_several_hosts, ..inspection() }).state
        };
        assert_eq!(state("", false), State::Warn);
        assert_eq!(state("", true), State::Fail);
        assert_eq!(state("*", true), State::Ok);
    }

    #[test]
    fn clocks_that_differ_are_a_warning_that_says_which_way() {
        assert_eq!(check_clock(-1000).state, State::Ok);
        let (ahead, behind) = (check_clock(61_500), check_clock(-61_500));
        assert_eq!((ahead.state, behind.state), (State::Warn, State::Warn));
        assert!(ahead.detail.contains("61500 ms ahead of"), "{}", ahead.detail);
        assert!(behind.detail.contains("61500 ms behind"), "{}", behind.detail);
    }

    #[test]
    fn each_right_too_many_or_too_few_is_found_and_has_a_cure() {
        let found = |change: fn(&mut RoleRights)| {
            let mut inspection = inspection();
            change(&mut inspection.rights);
            let findings: Vec<Finding> = check_rights(&inspection);
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert_eq!(findings[0].cure.is_none(), findings[0].state == State::Ok);
            findings[0].state
        };
        assert_eq!(found(|_| ()), State::Ok);
        assert_eq!(found(|rights| rights.is_superuser = true), State::Warn);
        assert_eq!(found(|rights| rights.owns_tables = true), State::Warn);
        assert_eq!(found(|rights| rights.bypasses_row_security = true), State::Warn);
        assert_eq!(found(|rights| rights.creates_roles = true), State::Warn);
        assert_eq!(found(|rights| rights.excessive.push("DELETE on customers".to_owned())), State::Warn);
        assert_eq!(found(|rights| rights.missing.push("INSERT on customers".to_owned())), State::Fail);
    }

    #[test]
    fn an_older_schema_is_cured_by_whoever_may() {
        let cure = |may_migrate| {
            let mut inspection = Inspection { pending_migrations: vec!["0002_x"], ..inspection() };
            inspection.rights.may_migrate = may_migrate;
            pending(&inspection).cure.unwrap()
        };
        assert!(cure(true).contains("start this release"));
        assert!(!cure(false).contains("start this release"));
    }
}
