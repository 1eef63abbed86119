"use strict";
(() => {
  const root = document.documentElement;
  const kept = (key, value) => {
    // A page opened from disk may have no storage.
    try {
      if (value === undefined) return localStorage.getItem("rulecrm-" + key);
      localStorage.setItem("rulecrm-" + key, value);
    } catch { /* nothing is kept then */ }
    return null;
  };
  const show = (language) => {
    root.dataset.show = language;
    root.lang = language === "zh" ? "zh-CN" : "en";
    document.title = document.querySelector("h1").innerText;
  };
  const dress = (look) => {
    if (look === "system") delete root.dataset.theme;
    else root.dataset.theme = look;
  };
  const bind = (id, allowed, apply) => {
    const select = document.getElementById(id);
    const before = kept(id);
    if (allowed.includes(before)) select.value = before;
    apply(select.value);
    select.addEventListener("change", () => { apply(select.value); kept(id, select.value); });
  };
  bind("language", ["en", "zh"], show);
  bind("appearance", ["system", "light", "dark"], dress);
  document.querySelector(".switches").hidden = false;

  const sorted = (table, place, down) => {
    const order = new Intl.Collator(root.lang, { numeric: true });
    const body = table.tBodies[0];
    const key = (row) => {
      const cell = row.cells[place];
      if (cell.classList.contains("missing")) return null;
      return cell.dataset.v === undefined ? cell.innerText : Number(cell.dataset.v);
    };
    const rows = [...body.rows].map((row) => [key(row), row]);
    rows.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      const found = typeof a === "number" ? a - b : order.compare(a, b);
      return down ? -found : found;
    });
    body.append(...rows.map(([, row]) => row));
  };
  for (const table of document.querySelectorAll("table")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, place) => head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sorted(table, place, down);
    }));
  }

  for (const define of document.querySelectorAll(".define")) {
    define.addEventListener("keydown", (event) => { if (event.key === "Escape") define.classList.add("shut"); });
    define.addEventListener("pointerenter", () => define.classList.remove("shut"));
    define.addEventListener("focusout", () => define.classList.remove("shut"));
  }
  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = [...document.querySelectorAll("details:not([open])")];
    unfolded.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => unfolded.forEach((one) => { one.open = false; }));
})();
