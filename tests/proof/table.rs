//! The rows of the proof, filled in by many runs side by side.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// What one or more runs under a fault came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Harm {
    pub(crate) runs: usize,
    /// One-shot calls that reached a server more than once.
    pub(crate) duplicates: u64,
    /// Calls that reached a server for which they were not meant.
    pub(crate) wrong_server: u64,
    /// Changes that are not so in the end, although the program says that nothing is left to do.
    pub(crate) lost: u64,
    /// What the program said against what happened.
    pub(crate) wrong_reports: u64,
    /// Changes that a person had to settle: honest, and no harm.
    pub(crate) asked: u64,
    /// Changes that were reported as failed because their time was up, and came later: said so, and no harm.
    pub(crate) given_up: u64,
    /// What was said to be done on the provider's word alone.
    pub(crate) on_its_word: u64,
    /// Each harm, in words.
    pub(crate) details: Vec<String>,
}

impl Harm {
    pub(crate) fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.duplicates += other.duplicates;
        self.wrong_server += other.wrong_server;
        self.lost += other.lost;
        self.wrong_reports += other.wrong_reports;
        self.asked += other.asked;
        self.given_up += other.given_up;
        self.on_its_word += other.on_its_word;
        self.details.extend(other.details);
    }

    fn is_none(&self) -> bool {
        self.duplicates + self.wrong_server + self.lost + self.wrong_reports == 0 && self.details.is_empty()
    }
}

type Work = Box<dyn FnOnce() -> Harm + Send>;

/// Some runs of one row.
pub(crate) struct Job {
    pub(crate) row: &'static str,
    who: String,
    work: Work,
}

impl Job {
    pub(crate) fn new(
        row: &'static str,
        who: impl Into<String>,
        work: impl FnOnce() -> Harm + Send + 'static,
    ) -> Self {
        Self { row, who: who.into(), work: Box::new(work) }
    }
}

/// The table.
pub(crate) struct Table {
    rows: Vec<(&'static str, Harm)>,
}

impl Table {
    /// Runs the jobs, many at once: they wait more than they work.
    pub(crate) fn of(jobs: Vec<Job>) -> Self {
        let wanted = std::env::var_os("FLEETFORM_PROOF").unwrap_or_default();
        let wanted = wanted.to_str().unwrap();
        let mut order: Vec<&'static str> = Vec::new();
        let mut queue = VecDeque::new();
        for job in jobs {
            if wanted.is_empty()
                || wanted.split(',').any(|word| format!("{} {}", job.row, job.who).contains(word))
            {
                if !order.contains(&job.row) {
                    order.push(job.row);
                }
                queue.push_back(job);
            }
        }
        assert!(!queue.is_empty(), "FLEETFORM_PROOF={wanted} matches no row");
        let queue = Mutex::new(queue);
        let rows: Mutex<BTreeMap<&str, Harm>> = Mutex::default();
        std::thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    loop {
                        let Some(job) = queue.lock().unwrap().pop_front() else { return };
                        let mut harm = run(job.work);
                        let mark = |detail: String| format!("{}, {}: {detail}", job.row, job.who);
                        harm.details = harm.details.into_iter().map(mark).collect();
                        rows.lock().unwrap().entry(job.row).or_default().add(harm);
                    }
                });
            }
        });
        let mut rows = rows.into_inner().unwrap();
        Self { rows: order.into_iter().map(|row| (row, rows.remove(row).unwrap_or_default())).collect() }
    }

    /// Shows every harm, and fails, if there is any.
    pub(crate) fn must_be_clean(&self) {
        let details: Vec<&str> =
            self.rows.iter().flat_map(|(_, harm)| &harm.details).map(String::as_str).collect();
        let clean = self.rows.iter().all(|(_, harm)| harm.is_none());
        assert!(clean, "{self}\n{} harms:\n{}", details.len(), details.join("\n"));
    }
}

/// A run that breaks the harness proves nothing, and must not look like one that does.
fn run(work: Work) -> Harm {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Harm {
            details: vec![format!("it could not be run: {}", text.unwrap_or_default())],
            ..Harm::default()
        }
    })
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| fault | runs | duplicate one-shot calls | wrong-server calls | lost changes | wrong reports | left to a person | came after its time was up | on the provider's word |"
        )?;
        writeln!(f, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")?;
        let mut all = Harm::default();
        let line = |f: &mut fmt::Formatter<'_>, name: &str, harm: &Harm| {
            writeln!(
                f,
                "| {name} | {} | {} | {} | {} | {} | {} | {} | {} |",
                harm.runs,
                harm.duplicates,
                harm.wrong_server,
                harm.lost,
                harm.wrong_reports,
                harm.asked,
                harm.given_up,
                harm.on_its_word
            )
        };
        for (name, harm) in &self.rows {
            line(f, name, harm)?;
            all.add(harm.clone());
        }
        line(f, "all", &all)
    }
}
