//! The plan as one self-contained page: nothing is fetched, nothing but the page's own style and script is allowed.
//! All rows are there without the script; with it they are filtered and sorted, and the choice is kept in the address.

use super::PlanView;
use super::danger::{Danger, by_danger};
use super::origin::notes;
use super::standstill::{actions, hold_words};
use super::verdict::verdict;
use super::words::{Piece, action, deeds, severity, telling_id, terms};
use crate::model::{Location, Verb};
use crate::plan::{Cause, Change, PlanDocument, Problem};
use crate::report::hypertext::{code, push, text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

const COLUMNS: [(&str, &str); 5] =
    [("action", "Action"), ("server", "Server"), ("id", "Id"), ("change", "Change"), ("why", "Why")];

/// Renders the page.
pub(super) fn plan_html(view: &PlanView<'_>) -> String {
    let document = view.document;
    let mut out = String::with_capacity(16_384 + 512 * document.changes.len());
    head(&mut out, view);
    refusals(&mut out, view);
    problems(&mut out, &document.problems);
    standstill(&mut out, document);
    if document.changes.is_empty() {
        out.push_str("<p class=\"note\">There is nothing to change.</p>\n");
    } else {
        controls(&mut out, &document.changes);
        table(&mut out, &document.changes);
    }
    foot(&mut out, view);
    out
}

/// The only style and the only script that run are those with these prints.
fn print(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

fn head(out: &mut String, view: &PlanView<'_>) {
    let verdict = verdict(view.document);
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; script-src {}; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>fleetform plan</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n<div>\n\
         <h1>fleetform plan</h1>\n<p class=\"verdict\">{}</p>\n</div>\n\
         <button type=\"button\" id=\"theme\" class=\"theme\" hidden>Theme</button>\n</header>\n<main>\n",
        print(STYLE),
        print(SCRIPT),
        text(&verdict)
    );
    for note in notes(view.document) {
        out.push_str("<p class=\"note\">");
        for piece in &note {
            match piece {
                Piece::Prose(words) => push(out, words),
                Piece::Name(name) => out.push_str(&code(name)),
            }
        }
        out.push_str("</p>\n");
    }
}

fn refusals(out: &mut String, view: &PlanView<'_>) {
    if view.refusals.is_empty() {
        return;
    }
    out.push_str("<h2>Refused</h2>\n<ul class=\"findings\">\n");
    for refusal in view.refusals {
        let _ = writeln!(out, "<li class=\"refused\">{}</li>", text(&refusal.to_string()));
    }
    out.push_str("</ul>\n");
}

fn problems(out: &mut String, problems: &[Problem]) {
    if problems.is_empty() {
        return;
    }
    out.push_str("<h2>Problems</h2>\n<ul class=\"findings\">\n");
    for problem in problems {
        let word = severity(problem);
        let _ = write!(out, "<li class=\"{word}\"><b>{word}</b> {} ", code(problem.code.as_str()));
        let _ = write!(out, "{}: {}", code(&problem.address.to_string()), text(&problem.message));
        place(out, problem.location.as_ref());
        out.push_str(&problem.cause.map_or_else(String::new, |cause| format!(" {}", from(cause))));
        out.push_str("</li>\n");
    }
    out.push_str("</ul>\n");
}

/// What waits and who is held.
fn standstill(out: &mut String, document: &PlanDocument) {
    if document.withheld.is_empty() && document.holds.is_empty() {
        return;
    }
    out.push_str("<h2>Waiting</h2>\n<ul class=\"findings\">\n");
    for one in &document.withheld {
        let (address, actions) = (code(&one.address.to_string()), actions(one));
        let _ = write!(out, "<li class=\"waiting\">{address}: {actions}; {}", text(&one.message));
        place(out, one.location.as_ref());
        out.push_str("</li>\n");
    }
    for held in &document.holds {
        out.push_str("<li class=\"held\"><b>held</b> ");
        pieces(out, &hold_words(held));
        out.push_str("</li>\n");
    }
    out.push_str("</ul>\n");
}

/// Where it comes from, beside a base.
fn from(cause: Cause) -> String {
    format!("<b>{}</b>", cause.phrase())
}

fn place(out: &mut String, at: Option<&Location>) {
    if let Some(at) = at {
        out.push(' ');
        out.push_str(&code(&format!("{}:{}", at.file, at.line)));
    }
}

/// What only works with the script is hidden until that runs.
fn controls(out: &mut String, changes: &[Change]) {
    let providers: BTreeSet<&str> = changes.iter().map(|change| change.provider.as_str()).collect();
    out.push_str(
        "<form id=\"controls\" class=\"controls\" role=\"search\" hidden>\n\
         <label>Filter <input type=\"search\" name=\"q\" placeholder=\"name, id, file …\" autocomplete=\"off\" \
         aria-keyshortcuts=\"/\"></label>\n<label>Kind <select name=\"kind\"><option value=\"\">all</option>",
    );
    for verb in Verb::ALL {
        if changes.iter().any(|change| change.does(verb)) {
            let _ = write!(out, "<option value=\"{}\">{verb}</option>", kind(verb));
        }
    }
    out.push_str(
        "</select></label>\n<label>Provider <select name=\"provider\"><option value=\"\">all</option>",
    );
    for provider in providers {
        let name = text(provider);
        let _ = write!(out, "<option value=\"{name}\">{name}</option>");
    }
    let causes: BTreeSet<Cause> = changes.iter().filter_map(|change| change.cause).collect();
    if !causes.is_empty() {
        out.push_str("</select></label>\n<label>From <select name=\"cause\"><option value=\"\">all</option>");
        for cause in causes {
            let _ = write!(out, "<option>{}</option>", cause.phrase());
        }
    }
    out.push_str(
        "</select></label>\n<label class=\"check\"><input type=\"checkbox\" name=\"danger\"> Dangerous only</label>\n\
         <button type=\"reset\">Reset</button>\n<output id=\"count\" role=\"status\"></output>\n</form>\n",
    );
}

fn table(out: &mut String, changes: &[Change]) {
    out.push_str("<table role=\"table\" aria-label=\"Changes\">\n<colgroup>");
    for at in 1..=COLUMNS.len() {
        let _ = write!(out, "<col class=\"c{at}\">");
    }
    out.push_str("</colgroup>\n<thead role=\"rowgroup\"><tr role=\"row\">");
    for (key, name) in COLUMNS {
        let _ = write!(out, "<th scope=\"col\" role=\"columnheader\" data-sort=\"{key}\">{name}</th>");
    }
    out.push_str("</tr></thead>\n<tbody role=\"rowgroup\">\n");
    for (danger, change) in by_danger(changes) {
        row(out, danger, change);
    }
    out.push_str("</tbody>\n</table>\n");
}

fn pieces(out: &mut String, pieces: &[Piece<'_>]) {
    for piece in pieces {
        match piece {
            Piece::Prose(words) => push(out, &words.replace(" -> ", " → ")),
            Piece::Name(name) => out.push_str(&code(name)),
        }
    }
}

fn row(out: &mut String, danger: Danger, change: &Change) {
    let kinds: Vec<&str> = change.actions.iter().map(|verb| kind(*verb)).collect();
    let rank = Danger::ALL.iter().position(|one| *one == danger).unwrap_or_default();
    let cause = change.cause.map_or_else(String::new, |cause| format!(" data-c=\"{}\"", cause.phrase()));
    let _ = write!(out, "<tr role=\"row\" data-d=\"{rank}\"{cause} data-k=\"{}\" data-p=\"", kinds.join(" "));
    push(out, change.provider.as_str());
    out.push_str("\"><td role=\"cell\">");
    for verb in &change.actions {
        let calm = if verb.is_disruptive() { "" } else { " calm" };
        let _ = write!(out, "<span class=\"tag{calm}\">{}</span>", action(change, *verb));
    }
    let _ = write!(
        out,
        "</td><th scope=\"row\" role=\"rowheader\">{}</th><td role=\"cell\">",
        code(&change.address.to_string())
    );
    out.push_str(&telling_id(change).map_or_else(String::new, code));
    out.push_str("</td><td role=\"cell\">");
    for (at, deed) in deeds(change).iter().enumerate() {
        out.push_str(if at == 0 { "" } else { "<br>" });
        // That it is a delete, the first cell says.
        if deed.verb != Verb::Delete {
            let _ = write!(out, "<span class=\"label\">{}</span> ", deed.label);
        }
        pieces(out, &deed.pieces);
    }
    for (label, words) in terms(change) {
        let _ = write!(out, "<br><span class=\"label\">{label}</span> ");
        pieces(out, &words);
    }
    out.push_str("</td><td role=\"cell\">");
    out.push_str(&change.cause.map_or_else(String::new, |cause| format!("{} ", from(cause))));
    push(out, &change.reasons.join(", "));
    place(out, change.location.as_ref());
    out.push_str("</td></tr>\n");
}

fn kind(verb: Verb) -> &'static str {
    match verb {
        Verb::Rename => "rename",
        Verb::PowerOn => "power_on",
        Verb::PowerOff => "power_off",
        Verb::Suspend => "suspend",
        Verb::Reboot => "reboot",
        Verb::Delete => "delete",
    }
}

fn foot(out: &mut String, view: &PlanView<'_>) {
    let document = view.document;
    let _ = writeln!(
        out,
        "</main>\n<footer>\n<p>Digest {}, planned at {} by fleetform {}.</p>",
        code(&document.digest),
        document.created_at,
        text(&document.fleetform_version)
    );
    for file in &document.fleet {
        let _ = writeln!(out, "<p>Made from {}, sha256 {}</p>", code(&file.path), code(&file.sha256));
    }
    let _ = write!(out, "</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n");
}
