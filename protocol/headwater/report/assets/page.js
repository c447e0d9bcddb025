"use strict";
// Draws the figures that stand in the page as JSON. Colours "@name" or "@name/alpha" come from the style sheet, so the
// figures are drawn again when the scheme changes between light and dark.
(() => {
  const colour = (text) => {
    const [name, alpha] = text.slice(1).split("/");
    const hex = getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
    if (!alpha) return hex;
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    return `rgba(${r},${g},${b},${alpha})`;
  };
  const resolve = (value, key) => {
    if (Array.isArray(value)) return value.map((item) => resolve(item, key));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, resolve(item, name)]));
    }
    return typeof value === "string" && value[0] === "@" && key.endsWith("color") ? colour(value) : value;
  };
  const family = getComputedStyle(document.body).fontFamily;
  const config = { displayModeBar: false, responsive: true, displaylogo: false, showTips: false, plotlyServerURL: "" };
  const draw = () => {
    for (const source of document.querySelectorAll("script[data-plot]")) {
      const figure = resolve(JSON.parse(source.textContent), "");
      figure.layout.font.family = family;
      Plotly.react(source.dataset.plot, figure.data, figure.layout, config);
    }
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
