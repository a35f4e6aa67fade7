//! Any plan at all, also such as no planner makes.

use crate::rich::{HOSTILE, document, facts};
use fleetform::model::{
    Address, Freeze, Hold, HoldTo, Location, OffKind, Operation, Period, Power, RebootKind, Selector, Verb,
};
use fleetform::plan::{
    Change, Code, HoldInForce, PlanDocument, PlanOptionsRecord, Problem, Severity, SnapshotRecord, Step,
    StepRef, Withheld, WithheldBy,
};
use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

/// Names: hostile ones, pieces of them stuck together, anything.
pub(crate) fn names() -> impl Strategy<Value = String> {
    let pieces = vec(
        select(vec![
            "|", "\\", "`", "``", "@", "#", "<", ">", "[", "](x)", "!", "www.", "://", "*", "_", "-", "\n",
            "a", " ", "1", "&", ";",
        ]),
        1..9,
    );
    prop_oneof![
        3 => select(HOSTILE.to_vec()).prop_map(str::to_owned),
        4 => pieces.prop_map(|pieces| pieces.concat()),
        2 => ".{0,20}",
        1 => "[`|\\\\🌈]{200,400}",
    ]
}

fn powers() -> impl Strategy<Value = Option<Power>> {
    of(select(vec![Power::On, Power::Off, Power::Suspended]))
}

fn operations() -> impl Strategy<Value = Operation> {
    prop_oneof![
        Just(Operation::PowerOn),
        Just(Operation::Resume),
        Just(Operation::Suspend),
        Just(Operation::Delete),
        select(vec![OffKind::Graceful, OffKind::Hard, OffKind::NotToldApart])
            .prop_map(|method| Operation::PowerOff { method }),
        select(vec![RebootKind::Soft, RebootKind::Hard, RebootKind::NotToldApart])
            .prop_map(|method| Operation::Reboot { method }),
        names().prop_map(|to| Operation::Rename { to: to.into() }),
    ]
}

fn addresses() -> impl Strategy<Value = Address> {
    (prop_oneof![select(vec!["east", "flex", "a.b"]).prop_map(str::to_owned), names()], names())
        .prop_map(|(connection, name)| Address::new(connection.into(), name.into()))
}

fn steps() -> impl Strategy<Value = Step> {
    (operations(), of(operations()), of(1u64..900), of(names()), vec(addresses(), 0..2)).prop_map(
        |(operation, fallback, grace, note, after)| {
            let after = after.into_iter().map(|address| StepRef { address, step: 0 }).collect();
            let grace = grace.map(Period::from_secs);
            Step { operation, fallback, grace, healthy_when: None, note, after }
        },
    )
}

fn locations() -> impl Strategy<Value = Option<Location>> {
    of((names(), any::<u32>(), any::<u32>()).prop_map(|(file, line, column)| Location {
        file: file.into(),
        line,
        column,
    }))
}

fn changes() -> impl Strategy<Value = Change> {
    let sides = (names(), powers(), of((names(), powers())));
    let rest = (vec(steps(), 0..4), vec(names(), 0..2), any::<bool>(), locations());
    (addresses(), names(), sides, rest).prop_map(|(address, id, (name, power, after), rest)| {
        let (steps, reasons, since, location) = rest;
        let mut actions: Vec<Verb> = steps.iter().map(|step| step.operation.verb()).collect();
        actions.dedup();
        Change {
            provider: address.connection.clone(),
            address,
            id: id.into(),
            actions,
            before: facts(&name, power),
            after: after.map(|(name, power)| facts(&name, power)),
            reasons,
            wave: None,
            cause: None,
            rebooted_since: since.then_some(Timestamp::UNIX_EPOCH),
            steps,
            location,
        }
    })
}

fn problems() -> impl Strategy<Value = Problem> {
    let codes = select(vec![Code::MissingServer, Code::Unsupported, Code::Unresolved]);
    (codes, any::<bool>(), addresses(), names(), locations()).prop_map(
        |(code, error, address, message, location)| {
            let severity = if error { Severity::Error } else { Severity::Warning };
            Problem { code, severity, address, message, location, cause: None }
        },
    )
}

fn withheld() -> impl Strategy<Value = Withheld> {
    let by = select(vec![WithheldBy::Window, WithheldBy::Hold, WithheldBy::Freeze]);
    (addresses(), vec(select(Verb::ALL.to_vec()), 1..3), by, names(), locations()).prop_map(
        |(address, actions, by, message, location)| Withheld {
            address,
            actions,
            by,
            until: None,
            message,
            location,
        },
    )
}

fn holds() -> impl Strategy<Value = HoldInForce> {
    (names(), names(), names(), 0..9u64).prop_map(|(selector, by, reason, servers)| HoldInForce {
        hold: Hold {
            id: "0a1b2c3d".into(),
            selector: Selector::Address(selector),
            to: HoldTo::Off,
            by,
            at: Timestamp::UNIX_EPOCH,
            until: Timestamp::UNIX_EPOCH,
            reason,
        },
        servers,
        overridden: servers / 2,
    })
}

/// Any plan.
pub(crate) fn documents() -> impl Strategy<Value = PlanDocument> {
    let snapshots = of((names(), of(names()), -90..100_000i64).prop_map(|(path, signed_by, age)| {
        let taken_at =
            document(Vec::new(), Vec::new(), Vec::new()).created_at - SignedDuration::from_secs(age);
        SnapshotRecord { path, sha256: "00".into(), taken_at, signed_by }
    }));
    let all = (vec(changes(), 0..14), vec(problems(), 0..8), vec(names(), 0..6), snapshots);
    (all, vec(withheld(), 0..6), vec(holds(), 0..6), of(holds())).prop_map(
        |((changes, problems, targets, snapshot), withheld, holds, freeze)| {
            let options = PlanOptionsRecord { targets, ..PlanOptionsRecord::default() };
            let freeze = freeze.map(|HoldInForce { hold: Hold { by, at, until, reason, .. }, .. }| Freeze {
                by,
                at,
                until,
                reason,
            });
            let made = document(changes, problems, Vec::new());
            PlanDocument { options, snapshot, withheld, holds, freeze, ..made }
        },
    )
}
