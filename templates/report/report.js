"use strict";
// Tables: the first rows stand in the page; this draws any page of any selection from the JSON beside them.
(() => {
  const PAGE = 50;
  const el = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };
  const raw = (column, row) => {
    const value = column.values[row];
    return column.texts ? (value < 0 ? null : column.texts[value]) : value;
  };
  const shown = (column, row) => {
    const value = raw(column, row);
    if (value === null) return column.missing;
    const digits = column.decimals;
    if (column.kind === "percent") return value.toFixed(digits) + " %";
    if (column.kind === "money") {
      return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    }
    return column.kind === "integer" ? value.toLocaleString("en-US") : value;
  };
  // A spreadsheet takes a cell that begins with one of these for a formula (FORMULA_STARTS of sesreport/text.py).
  const csvCell = (text, number) => {
    const safe = !number && /^[=+\-@\t\r\n|%\uff1d\uff0b\uff0d\uff20]/.test(text) ? "'" + text : text;
    return '"' + safe.replaceAll('"', '""') + '"';
  };
  const csv = (data, rows) => {
    const lines = [data.columns.map((c) => csvCell(c.label + (c.kind === "percent" ? " (%)" : ""), false)).join(",")];
    for (const row of rows) {
      lines.push(data.columns.map((c) => {
        const value = raw(c, row), number = typeof value === "number";
        return csvCell(value === null ? "" : String(value), number);
      }).join(","));
    }
    return "\ufeff" + lines.join("\r\n") + "\r\n";
  };

  for (const box of document.querySelectorAll("details.data")) {
    const source = box.querySelector('script[type="application/json"]');
    if (!source) continue;
    let data, lower, rows, page = 0, sorted = null, ascending = true;
    const body = box.querySelector("tbody"), heads = [...box.querySelectorAll("thead th")];
    const controls = box.querySelector(".controls"), pager = box.querySelector(".pager");
    const search = controls.querySelector("input"), count = controls.querySelector(".count");
    const [previous, next] = pager.querySelectorAll("button"), where = pager.querySelector("span");
    const facets = [];

    const cell = (column, row) => {
      const value = raw(column, row), text = shown(column, row);
      const td = el("td", { class: column.kind + (value === null ? " none" : "") }, text);
      if (column.kind === "rank") td.setAttribute("data-rank", text);
      return td;
    };
    const draw = () => {
      const pages = Math.max(1, Math.ceil(rows.length / PAGE));
      page = Math.min(Math.max(page, 0), pages - 1);
      body.replaceChildren(...rows.slice(page * PAGE, page * PAGE + PAGE).map(
        (row) => el("tr", {}, ...data.columns.map((column) => cell(column, row)))));
      count.textContent = `${rows.length.toLocaleString("en-US")} of ${data.rows.toLocaleString("en-US")} rows`;
      where.textContent = `Page ${page + 1} of ${pages}`;
      previous.disabled = page === 0;
      next.disabled = page === pages - 1;
      pager.hidden = pages === 1;
    };
    const select = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = facets.filter(([, list]) => list.value !== "");
      if (words.length && !lower) {
        lower = Array.from({ length: data.rows }, (_, row) =>
          data.columns.map((column) => shown(column, row)).join("\n").toLowerCase());
      }
      rows = [];
      for (let row = 0; row < data.rows; row++) {
        if (wanted.every(([column, list]) => shown(column, row) === list.value) &&
            words.every((word) => lower[row].includes(word))) rows.push(row);
      }
      if (sorted !== null) {
        const column = data.columns[sorted], sign = ascending ? 1 : -1, ranked = column.kind === "rank";
        const collator = new Intl.Collator("en", { numeric: true });
        const key = ranked ? (row) => (column.values[row] < 0 ? null : column.values[row]) : (row) => raw(column, row);
        rows.sort((a, b) => {
          const x = key(a), y = key(b);
          if (x === null || y === null) return (x === null) - (y === null) || a - b; // not known: last
          return sign * (typeof x === "number" ? x - y : collator.compare(x, y)) || a - b;
        });
      }
      page = 0;
      draw();
    };
    const start = () => {
      if (data) return;
      data = JSON.parse(source.textContent);
      data.columns.forEach((column, i) => {
        const button = el("button", { type: "button" }, column.label);
        heads[i].replaceChildren(button);
        heads[i].setAttribute("aria-sort", "none");
        button.addEventListener("click", () => {
          ascending = sorted === i ? !ascending : true;
          sorted = i;
          heads.forEach((head, n) => head.setAttribute("aria-sort", n !== i ? "none" : ascending ? "ascending" : "descending"));
          select();
        });
        if (!column.facet) return;
        const options = [...new Set(Array.from({ length: data.rows }, (_, row) => shown(column, row)))];
        if (options.length < 2 || options.length > 60) return;
        if (column.kind === "rank") options.sort((a, b) => column.texts.indexOf(a) - column.texts.indexOf(b));
        else options.sort();
        const list = el("select", {}, el("option", { value: "" }, "All"), ...options.map((o) => el("option", { value: o }, o)));
        controls.insertBefore(el("label", {}, column.label + " ", list), controls.querySelector(".csv"));
        list.addEventListener("change", select);
        facets.push([column, list]);
      });
      search.addEventListener("input", select);
      previous.addEventListener("click", () => { page--; draw(); });
      next.addEventListener("click", () => { page++; draw(); });
      controls.querySelector(".csv").addEventListener("click", () => {
        const url = URL.createObjectURL(new Blob([csv(data, rows)], { type: "text/csv;charset=utf-8" }));
        const link = el("a", { href: url, download: data.name + ".csv" });
        document.body.append(link);
        link.click();
        link.remove();
        setTimeout(() => URL.revokeObjectURL(url), 10000);
      });
      const part = box.querySelector(".part");
      if (part) part.remove();
      controls.hidden = false;
      select();
    };
    // #t-findings?Severity=critical&search=word opens a table and selects in it.
    const follow = () => {
      const [id, query] = location.hash.slice(1).split("?");
      if (id !== box.id) return;
      box.open = true;
      start();
      for (const [name, value] of new URLSearchParams(query || "")) {
        if (name === "search") search.value = value;
        for (const [column, list] of facets) if (column.label === name) list.value = value;
      }
      select();
      box.scrollIntoView();
    };
    box.addEventListener("toggle", () => { if (box.open) start(); });
    window.addEventListener("hashchange", follow);
    if (box.open) start();
    follow();
  }
})();
