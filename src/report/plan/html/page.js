"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const root = document.documentElement;
  const body = document.querySelector("tbody");
  const form = byId("controls");
  const theme = byId("theme");
  const state = new URLSearchParams(location.hash.slice(1));

  const keep = () => {
    // Some browsers refuse this for local files; then the page just is not bookmarked.
    try { history.replaceState(null, "", "#" + state); } catch { /* nothing is lost */ }
  };
  const set = (key, value) => {
    if (value) state.set(key, value); else state.delete(key);
    keep();
  };

  const themes = ["", "light", "dark"];
  const dress = () => {
    const name = state.get("theme") || "";
    if (name) root.dataset.theme = name; else delete root.dataset.theme;
    theme.textContent = "Theme: " + (name || "as the system");
  };
  theme.addEventListener("click", () => {
    set("theme", themes[(themes.indexOf(state.get("theme") || "") + 1) % themes.length]);
    dress();
  });
  theme.hidden = false;
  dress();
  if (!body) return;

  const rows = Array.from(document.querySelectorAll("tbody tr"));
  const plural = (n) => n.toLocaleString("en") + (n === 1 ? " change" : " changes");
  let texts = null;
  const filter = () => {
    const wanted = form.q.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const kind = form.kind.value;
    const provider = form.provider.value;
    const cause = form.cause ? form.cause.value : "";
    if (wanted.length && !texts) texts = rows.map((row) => row.textContent.toLowerCase());
    let shown = 0;
    rows.forEach((row, at) => {
      const data = row.dataset;
      const fits = (!kind || data.k.split(" ").includes(kind))
        && (!provider || data.p === provider)
        && (!cause || data.c === cause)
        && (!form.danger.checked || data.d !== "3")
        && wanted.every((word) => texts[at].includes(word));
      if (row.hidden === fits) row.hidden = !fits;
      if (fits) shown += 1;
    });
    byId("count").value = shown === rows.length ? plural(shown) : shown.toLocaleString("en") + " of " + plural(rows.length);
  };
  const changed = () => {
    set("q", form.q.value);
    set("kind", form.kind.value);
    set("provider", form.provider.value);
    if (form.cause) set("cause", form.cause.value);
    set("danger", form.danger.checked ? "1" : "");
    filter();
  };

  const heads = Array.from(document.querySelectorAll("thead th"));
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  // Not `row.cells`: that is a live collection for every row.
  const cell = (row, column) => {
    let found = row.firstElementChild;
    for (let at = 0; at < column; at += 1) found = found.nextElementSibling;
    return found;
  };
  const keyOf = (column) => (row) => column === 0 ? row.dataset.d : cell(row, column).textContent;
  const sort = () => {
    const column = heads.findIndex((head) => head.dataset.sort === state.get("sort"));
    const down = state.get("dir") === "descending";
    heads.forEach((head, at) => {
      head.setAttribute("aria-sort", at !== column ? "none" : down ? "descending" : "ascending");
    });
    const of = keyOf(column);
    const keyed = rows.map((row, at) => ({ row, at, key: column < 0 ? "" : of(row) }));
    if (column >= 0) {
      keyed.sort((a, b) => (down ? compare(b.key, a.key) : compare(a.key, b.key)) || a.at - b.at);
    }
    // Rows that are moved one by one take Chromium ten seconds; all taken out first, a twentieth of one.
    const table = body.parentNode;
    body.remove();
    body.replaceChildren();
    keyed.forEach(({ row }) => body.append(row));
    table.append(body);
  };
  heads.forEach((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => {
      const again = state.get("sort") === head.dataset.sort && state.get("dir") !== "descending";
      set("sort", head.dataset.sort);
      set("dir", again ? "descending" : "ascending");
      sort();
    });
    head.append(button);
    head.setAttribute("aria-sort", "none");
  });

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", changed);
  form.addEventListener("reset", () => setTimeout(() => {
    ["sort", "dir"].forEach((key) => state.delete(key));
    changed();
    sort();
  }));
  document.addEventListener("keydown", (event) => {
    const writes = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !writes && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      form.q.focus();
    }
  });

  form.hidden = false;
  form.q.value = state.get("q") || "";
  form.kind.value = state.get("kind") || "";
  form.provider.value = state.get("provider") || "";
  if (form.cause) form.cause.value = state.get("cause") || "";
  form.danger.checked = state.get("danger") === "1";
  filter();
  if (state.get("sort")) sort();
})();
