//! Plans from a snapshot: no credentials, no network, no ledger. What the providers would have said, the snapshot
//! says; the file, the options and the instant are today's.

use super::args::{Global, LiveArgs, Shape};
use super::exit::{Failure, code};
use super::fetch::{self, Planned};
use super::io::Io;
use super::session::{Session, targets};
use crate::apply::Links;
use crate::ledger::Replay;
use crate::plan::{Options, Plan, SnapshotRecord, plan};
use crate::providers;
use crate::report::duration_words;
use crate::snapshot::{self, Age, MOST_BYTES, Snapshot, Taken, VerifyingKey, signature_path};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// A plan from the snapshot at `path`.
pub(super) fn planned(
    path: &Path,
    live: &LiveArgs,
    shape: &Shape,
    global: &Global,
    io: &mut Io<'_>,
) -> Result<(Session, Planned<'static>), Failure> {
    refuse_what_cannot_be_honoured(shape, global)?;
    let now = Timestamp::now();
    let (mut snapshot, record) = read(path, live)?;
    check_age(path, &snapshot, live, now)?;
    let session = Session::offline(global, snapshot.simulated, io)?;
    session.check_selectors(shape)?;
    let targets = targets(&session.fleet);
    snapshot.distrust_moved(|name| targets.get(name).map(|target| target.settings.clone()));
    let mut options = fetch::options(shape);
    let Taken { live, absent_ids, ledger } = snapshot::take(snapshot, wanted(&session, &options)?);
    options.absent_ids = Some(absent_ids);
    let mut replay = Replay::default();
    replay.facts = ledger;
    let mut planned = Planned {
        plan: Plan::default(),
        live,
        links: Links::new(),
        options,
        replay,
        recovered: Vec::new(),
        now,
        absent_ids: fetch::AbsentIds::new(),
        snapshot: Some(record),
    };
    session.check_governed(shape, &planned.inputs(&session))?;
    planned.plan = plan(&planned.inputs(&session));
    Ok((session, planned))
}

fn refuse_what_cannot_be_honoured(shape: &Shape, global: &Global) -> Result<(), Failure> {
    if global.simulate.is_some() {
        return Err(Failure::usage(
            "--live plans from a snapshot, --simulate from a simulated world: take the snapshot with --simulate, and \
             the plan from it is a rehearsal",
        ));
    }
    if shape.settle_timeout.is_some() {
        return Err(Failure::usage(
            "--settle-timeout waits for servers, and in a snapshot nothing moves: give it to `snapshot`",
        ));
    }
    Ok(())
}

/// The connections that the selected servers are on, with what their types can do.
fn wanted(session: &Session, options: &Options) -> Result<Vec<Wanted>, Failure> {
    let used = fetch::used(session, options).into_iter();
    let connections = used.filter_map(|name| session.fleet.connections.get(&name));
    let row = |type_name: &str| {
        let row = providers::find(type_name);
        row.ok_or_else(|| Failure::problem(format!("no provider type {type_name}")))
    };
    connections
        .map(|connection| {
            let spec = row(&connection.type_name)?.spec;
            Ok((connection.name.clone(), spec.type_name, &spec.capabilities))
        })
        .collect()
}

type Wanted = (crate::model::ConnectionName, &'static str, &'static crate::model::Capabilities);

/// Reads the snapshot; nothing of it is parsed before its signature was checked, where that was asked for.
fn read(path: &Path, live: &LiveArgs) -> Result<(Snapshot, SnapshotRecord), Failure> {
    let failed = |why: String| Failure::problem(format!("{}: {why}", path.display()));
    let key = live.verify_key.as_deref().map(verifying_key).transpose()?;
    let bytes = bytes_of(path)?;
    if let Some(key) = &key {
        let place = signature_path(path);
        let text = fs::read_to_string(&place).map_err(|error| unsigned(path, &place, &error))?;
        key.verify(&bytes, &text).map_err(|why| {
            failed(format!(
                "the signature in {} is refused: {why}; expected is one of the key {}",
                place.display(),
                key.id()
            ))
        })?;
    }
    let snapshot = snapshot::read(&bytes).map_err(failed)?;
    let sha256 = Sha256::digest(&bytes).iter().fold(String::new(), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    });
    let record = SnapshotRecord {
        path: path.display().to_string(),
        sha256,
        taken_at: snapshot.taken_at,
        signed_by: key.map(|key| key.id().to_owned()),
    };
    Ok((snapshot, record))
}

fn unsigned(path: &Path, place: &Path, error: &std::io::Error) -> Failure {
    let (path, place) = (path.display(), place.display());
    Failure::problem(if error.kind() == std::io::ErrorKind::NotFound {
        format!(
            "{path} is not signed: there is no {place}; `fleetform snapshot --sign KEY` signs, and without \
             --verify-key nothing is checked"
        )
    } else {
        format!("{place}: {error}")
    })
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |why: String| Failure::problem(format!("{}: {why}", path.display()));
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            failed("there is no such snapshot; `fleetform snapshot --out PATH` takes one".into())
        }
        std::io::ErrorKind::IsADirectory => failed("it is a directory; name the snapshot in it".into()),
        _ => failed(error.to_string()),
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(failed(format!("it is larger than {} MiB, the most that is read", MOST_BYTES >> 20)));
    }
    Ok(bytes)
}

/// A key's file, or the key itself.
fn verifying_key(given: &str) -> Result<VerifyingKey, Failure> {
    let failed = |why: String| Failure::problem(format!("--verify-key {given}: {why}"));
    let path = Path::new(given);
    if !path.exists() {
        return VerifyingKey::read(given).map_err(|why| failed(format!("there is no such file, and {why}")));
    }
    let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    VerifyingKey::read(&text).map_err(failed)
}

fn check_age(path: &Path, snapshot: &Snapshot, live: &LiveArgs, now: Timestamp) -> Result<(), Failure> {
    let (path, most) = (path.display(), live.max_age());
    match snapshot::age(snapshot.taken_at, now, most) {
        Age::Fresh => Ok(()),
        Age::Future => Err(Failure::problem(format!(
            "{path} was taken at {}, and here it is {now}: one of the two clocks is wrong, so nobody knows how old it \
             is; set it right and take a new one",
            snapshot.taken_at
        ))),
        Age::Old(age) => {
            let (age, most) = (duration_words(age), duration_words(most));
            let text = format!(
                "{path} is {age} old (taken at {}), and {most} is the most that is planned from; take a new one, or \
                 allow it with --max-age",
                snapshot.taken_at
            );
            Err(Failure::Message(code::STALE, text))
        }
    }
}
