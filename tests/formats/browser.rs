//! The page in a real browser: headless Chromium, `$CHROMIUM` or Debian's package. Where there is none, these tests
//! say so and pass, except in CI (the variable `CI`), where they fail.
#![allow(clippy::print_stderr, reason = "what was left out is said")]

use crate::rich::{change, document, facts, hostile_too, large, rendered, rich};
use fleetform::model::{Address, Operation, Power, Verb};
use fleetform::plan::{Change, PlanDocument, Step};
use fleetform::report::{Danger, PlanFormat};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let found = named.or_else(|| Some("/usr/bin/chromium".into()).filter(|path: &PathBuf| path.exists()));
    if found.is_none() {
        let message = "no Chromium: set CHROMIUM or `apt-get install chromium`; the page was not opened";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("skipped: {message}");
    }
    found
}

/// Runs the browser on a page, with a profile of its own.
fn run(page: &str, hash: &str, flags: &[&str]) -> Option<String> {
    let browser = browser()?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.html");
    std::fs::write(&file, page).unwrap();
    let profile = folder.path().join("profile");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(flags)
        .arg(format!("file://{}{hash}", file.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

/// The page as it stands after its script has run.
pub(crate) fn opened(page: &str, hash: &str) -> Option<Dom> {
    run(page, hash, &["--dump-dom"]).map(Dom)
}

/// The page after a script of the test's own has driven it: what that script wrote with `say`. The page's policy
/// would forbid the script, so it is taken out.
fn driven(page: &str, hash: &str, script: &str) -> Option<String> {
    let (before, rest) = page.split_once("<meta http-equiv=\"Content-Security-Policy\"").unwrap();
    let (_, after) = rest.split_once('>').unwrap();
    let driver = format!(
        "<script>{{ const said = []; const say = (...parts) => said.push(parts.join(' '));\n{script}\n\
         const pre = document.createElement('pre'); pre.id = 'said'; pre.textContent = said.join('\\n');\n\
         document.body.append(pre); }}</script></body>"
    );
    let page = format!("{before}{}", after.replace("</body>", &driver));
    let dom = run(&page, hash, &["--dump-dom"])?;
    let said = dom.split_once("<pre id=\"said\">").unwrap_or_else(|| panic!("the driver stopped: {dom}")).1;
    Some(said.split_once("</pre>").unwrap().0.to_owned())
}

/// A page as the browser writes it out.
pub(crate) struct Dom(String);

impl Dom {
    /// All of it.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// The opening tags of the table's rows.
    fn rows(&self) -> impl Iterator<Item = (&str, &str)> {
        let body =
            self.0.split_once("<tbody role=\"rowgroup\">").unwrap().1.split_once("</tbody>").unwrap().0;
        body.split("<tr ").skip(1).map(|row| {
            let (tag, cells) = row.split_once('>').unwrap();
            let address = cells
                .split_once("<th scope=\"row\" role=\"rowheader\"><code>")
                .unwrap()
                .1
                .split_once("</code>")
                .unwrap()
                .0;
            (tag, address)
        })
    }

    /// The addresses of the rows that are shown, in their order.
    fn shown(&self) -> Vec<&str> {
        self.rows().filter(|(tag, _)| !tag.contains("hidden")).map(|(_, address)| address).collect()
    }

    fn count(&self) -> &str {
        let rest = self.0.split_once("<output id=\"count\" role=\"status\">").unwrap().1;
        rest.split_once("</output>").unwrap().0
    }
}

fn page(document: &PlanDocument) -> String {
    rendered(PlanFormat::Html, document)
}

#[test]
fn the_page_fetches_nothing_and_runs_nothing_but_its_own() {
    let page = page(&document(rich().changes, Vec::new(), Vec::new()));
    for foreign in ["://", "src=", "href=", "url(", "@import", "unsafe", " style=", " onclick"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(page.contains("content=\"default-src 'none'; style-src 'sha256-"));
}

#[test]
fn filters_and_their_address() {
    let document = rich();
    let page = page(&document);
    let wanted = |fits: &dyn Fn(&Change) -> bool| -> Vec<String> {
        let mut wanted: Vec<(Danger, &Change)> = document
            .changes
            .iter()
            .filter(|change| fits(change))
            .map(|change| (Danger::of(change), change))
            .collect();
        wanted.sort_by_key(|(danger, _)| *danger);
        wanted.iter().map(|(_, change)| change.address.to_string()).collect()
    };
    let all = document.changes.len();
    for (hash, fits) in [
        ("", &(|_: &Change| true) as &dyn Fn(&Change) -> bool),
        ("#danger=1", &|change| Danger::of(change).is_dangerous()),
        ("#kind=rename", &|change| change.does(Verb::Rename)),
        ("#provider=flex&kind=power_off", &|change| {
            change.provider.as_str() == "flex" && change.does(Verb::PowerOff)
        }),
        ("#q=CACHE%20east", &|change| change.address.name.as_str().starts_with("cache")),
        ("#q=nothing-like-it", &|_| false),
    ] {
        let Some(dom) = opened(&page, hash) else { return };
        let wanted = wanted(fits);
        assert_eq!(dom.shown(), wanted, "{hash}");
        let count = if wanted.len() == all {
            format!("{all} changes")
        } else {
            format!("{} of {all} changes", wanted.len())
        };
        assert_eq!(dom.count(), count, "{hash}");
    }
}

#[test]
fn sorting_and_the_theme_are_kept_in_the_address_as_well() {
    let Some(dom) = opened(&page(&rich()), "#sort=server&dir=descending&theme=dark") else { return };
    let sorted = [
        "flex/report-2",
        "flex/old",
        "flex/batch-1",
        "flex/b",
        "flex/a",
        "east/WEB-03",
        "east/sleeper",
        "east/nap",
        "east/legacy",
        "east/cache-b",
        "east/cache-a",
    ];
    assert_eq!(dom.shown(), sorted);
    assert_eq!(dom.0.matches(" aria-sort=\"descending\"").count(), 1);
    assert_eq!(dom.0.matches(" aria-sort=\"none\"").count(), 4);
    assert!(dom.0.contains("<html lang=\"en\" data-theme=\"dark\">"));
}

#[test]
fn the_keyboard_and_the_buttons() {
    let script = "
        const rows = () => [...document.querySelectorAll('tbody tr:not([hidden])')];
        const first = () => rows()[0].cells[1].textContent;
        const form = document.getElementById('controls');
        document.dispatchEvent(new KeyboardEvent('keydown', { key: '/', bubbles: true, cancelable: true }));
        say('focus', document.activeElement.name);
        form.q.value = 'web';
        form.q.dispatchEvent(new Event('input', { bubbles: true }));
        say('filtered', rows().length, location.hash);
        form.q.value = '';
        form.q.dispatchEvent(new Event('input', { bubbles: true }));
        const button = document.querySelectorAll('thead button')[1];
        button.focus();
        say('button', document.activeElement === button, button.closest('th').getAttribute('aria-sort'));
        button.click();
        say('up', first(), button.closest('th').getAttribute('aria-sort'));
        button.click();
        say('down', first(), button.closest('th').getAttribute('aria-sort'));
        const theme = document.getElementById('theme');
        theme.click();
        say('theme', document.documentElement.dataset.theme, theme.textContent);
        say('wide', document.documentElement.scrollWidth <= innerWidth);";
    let Some(said) = driven(&page(&rich()), "", script) else { return };
    insta::assert_snapshot!("driven", said);
}

#[test]
fn hostile_names_do_nothing() {
    let document = hostile_too();
    let Some(dom) = opened(&page(&document), "") else { return };
    assert_eq!(dom.rows().count(), document.changes.len());
    for forbidden in ["<img", "<h1>owned", "<b>bold", "<!--", "<a "] {
        assert!(!dom.0.contains(forbidden), "{forbidden}");
    }
    assert_eq!(dom.0.matches("<script").count(), 1);
    let odd = "x onmouseover=alert(1) \"data-d='9'";
    let to = Address::new(odd.into(), odd.into());
    let steps = vec![Step::new(Operation::PowerOn)];
    let odd = change(to, odd, facts(odd, Power::Off), Some(facts(odd, Power::On)), steps);
    let Some(dom) = opened(&page(&crate::rich::document(vec![odd], Vec::new(), Vec::new())), "") else {
        return;
    };
    assert_eq!(
        dom.rows().filter(|(tag, _)| tag.contains("data-d=\"3\"") && !tag.contains(" data-d='9'\"")).count(),
        1
    );
}

#[test]
fn without_scripts_all_rows_are_there_and_no_dead_controls() {
    let document = rich();
    let page = page(&document);
    let (before, rest) = page.split_once("<script>").unwrap();
    let (_, after) = rest.split_once("</script>").unwrap();
    let Some(dom) = opened(&format!("{before}{after}"), "#kind=delete") else { return };
    assert_eq!(dom.shown().len(), document.changes.len());
    assert!(dom.0.contains("id=\"controls\" class=\"controls\" role=\"search\" hidden"), "the filters");
    assert!(dom.0.contains("id=\"theme\" class=\"theme\" hidden"), "the theme");
    assert_eq!(dom.0.matches("<button").count(), 2, "and no buttons in the table's head");
}

#[test]
fn paper_has_all_rows_whatever_is_filtered() {
    let document = large(300);
    let pages = |hash: &str| -> Option<usize> {
        let folder = tempfile::tempdir().unwrap();
        let pdf = folder.path().join("plan.pdf");
        run(&page(&document), hash, &[&format!("--print-to-pdf={}", pdf.display())])?;
        let bytes = std::fs::read(&pdf).unwrap();
        Some(bytes.windows(11).filter(|at| *at == b"/Type /Page").count())
    };
    let (Some(all), Some(filtered)) = (pages(""), pages("#q=nothing-like-it")) else { return };
    assert!(all > 3, "{all} pages");
    assert_eq!(all, filtered);
}

/// Opens, filters and sorts ten thousand rows; each is laid out before the next. The bounds are generous, because
/// tests share a machine.
#[test]
fn ten_thousand_changes_open_filter_and_sort_without_a_stall() {
    let page = page(&large(10_000));
    let script = "
        const laid = (what, act) => {
            const from = performance.now();
            act();
            document.body.offsetHeight;
            say(what, Math.round(performance.now() - from));
        };
        say('open', Math.round(performance.now()));
        const form = document.getElementById('controls');
        const input = (field, value) => { field.value = value; field.dispatchEvent(new Event('input', { bubbles: true })); };
        laid('layout', () => {});
        laid('type', () => input(form.q, 'web-0012'));
        laid('more', () => input(form.q, 'web-00123'));
        laid('clear', () => input(form.q, ''));
        laid('kind', () => input(form.kind, 'power_off'));
        laid('all', () => input(form.kind, ''));
        laid('sort', () => document.querySelectorAll('thead button')[1].click());
        laid('turn', () => document.querySelectorAll('thead button')[1].click());";
    let from = Instant::now();
    let Some(said) = driven(&page, "", script) else { return };
    eprintln!("{} bytes, browser began and ended in {:?}\n{said}", page.len(), from.elapsed());
    for line in said.lines() {
        let (what, millis) = line.split_once(' ').unwrap();
        let most = if what == "open" { 10_000 } else { 3_000 };
        assert!(millis.parse::<u64>().unwrap() < most, "{line}\n{said}");
    }
}

/// Writes screenshots for people to look at: `SCREENSHOTS=folder cargo test --test formats`.
#[test]
fn screenshots_where_asked_for() {
    let Some(folder) = std::env::var_os("SCREENSHOTS").map(PathBuf::from) else { return };
    std::fs::write(Path::new(&folder).join("large.html"), page(&large(10_000))).unwrap();
    let shot = |name: &str, document: &PlanDocument, hash: &str, size: &str| {
        let path = Path::new(&folder).join(name);
        let flags = [
            &*format!("--screenshot={}", path.display()),
            "--hide-scrollbars",
            &format!("--window-size={size}"),
        ];
        run(&page(document), hash, &flags)
    };
    shot("light.png", &rich(), "#theme=light", "1280,1100");
    shot("dark.png", &rich(), "#theme=dark&sort=server", "1280,1100");
    shot("filtered.png", &rich(), "#danger=1&q=flex", "1280,900");
    shot("hostile.png", &hostile_too(), "", "1280,3200");
    shot("narrow.png", &rich(), "", "500,1600");
    let pdf = format!("--print-to-pdf={}", Path::new(&folder).join("paper.pdf").display());
    run(&page(&rich()), "#kind=delete&theme=dark", &[&pdf]);
}
