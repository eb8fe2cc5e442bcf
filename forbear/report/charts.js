// Draws the charts of the report from the JSON in #chart-data. Everything shown is text set by the chart library in
// SVG, never HTML. Each chart is drawn anew when its box changes width, and at the paper's width for print.
(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("chart-data").textContent);
  var INK = "#334155", PALE = "#e2e8f0", FONT = getComputedStyle(document.body).fontFamily;
  var APART = ["#1d5c96", "#c2630a", "#0f766e", "#7b4b94", "#64748b", "#a16207"];
  var DASHES = ["solid", "dashed", "dotted", [8, 3, 2, 3]];
  var SYMBOLS = ["circle", "rect", "triangle", "diamond"];
  var OLD = [171, 200, 222], NEW = [16, 52, 100], MILD = [253, 205, 140], SEVERE = [127, 29, 29], PAPER = 660, PAPER_HEIGHT = 190;
  var drawn = [], onPaper = false;

  function digits(value) {
    return String(Math.round(value * 100) / 100);
  }

  function axisText(unit) {
    return function (value) {
      if (unit === "percent") return digits(value) + "%";
      for (var i = 0; i < data.units.length; i++) {
        if (Math.abs(value) >= data.units[i][0]) return digits(value / data.units[i][0]) + data.units[i][1];
      }
      return digits(value);
    };
  }

  // Three digits say enough above a bar; the table has the rest.
  function shortText(unit) {
    return function (value) {
      if (unit === "percent") return value.toFixed(2) + "%";
      for (var i = 0; i < data.units.length; i++) {
        if (Math.abs(value) >= data.units[i][0]) return Number((value / data.units[i][0]).toPrecision(3)) + data.units[i][1];
      }
      return digits(value);
    };
  }

  function exactText(unit) {
    return function (value) {
      if (value === null || value === undefined) return "–";
      if (unit === "percent") return value.toFixed(2) + "%";
      return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
    };
  }

  function colour(spec, index) {
    if (!spec.ramp && spec.kind !== "stack") return APART[index % APART.length];
    var part = spec.series.length > 1 ? index / (spec.series.length - 1) : 1;
    var from = spec.ramp ? OLD : MILD, to = spec.ramp ? NEW : SEVERE;
    return "rgb(" + from.map(function (value, i) { return Math.round(value + (to[i] - value) * part); }).join(",") + ")";
  }

  function lineOf(spec, series, index) {
    return { type: "line", name: series.name, data: series.values, color: colour(spec, index), connectNulls: false,
      symbolSize: 5, showSymbol: !spec.ramp, symbol: SYMBOLS[index % 4], emphasis: { focus: spec.ramp ? "series" : "none" },
      lineStyle: { width: spec.ramp ? 1.5 : 2, type: spec.ramp ? "solid" : DASHES[index % 4] } };
  }

  function barOf(spec, series, index, width) {
    var stacked = spec.kind === "stack", alone = spec.series.length === 1;
    var labelled = !stacked && spec.x.length * spec.series.length <= width / 48 && (alone || spec.unit === "percent");
    return { type: "bar", name: series.name, data: series.values, color: colour(spec, index), barMaxWidth: 44, barGap: "12%",
      stack: stacked ? "all" : undefined, label: { show: labelled, position: "top", color: INK, fontSize: 11,
        fontFamily: FONT, formatter: function (p) { return shortText(spec.unit)(p.value); } } };
  }

  // Of many lines from pale to dark a legend needs a few only.
  function namedOf(spec, width) {
    var names = spec.series.map(function (s) { return s.name; }), last = names.length - 1, steps = width < 400 ? 2 : 3;
    if (!spec.ramp || last <= steps) return names;
    return Array.from({ length: steps + 1 }, function (_, i) { return names[Math.round(last * i / steps)]; });
  }

  // A letter of the Latin alphabet is about 7 px wide, a Chinese one 12; a mark with its gaps 44.
  function fitsALine(names, width) {
    return names.reduce(function (sum, name) { return sum + 44 + name.replace(/[^\x00-\x7f]/g, "..").length * 7; }, 0) < width;
  }

  // Whether shares come near the whole: the axis then ends there, since none is more.
  function isWhole(spec) {
    return spec.unit === "percent" && spec.x.some(function (_, i) {
      var values = spec.series.map(function (s) { return s.values[i] || 0; });
      return (spec.kind === "stack" ? values.reduce(function (a, b) { return a + b; }, 0) : Math.max.apply(null, values)) > 80;
    });
  }

  // Labels of the horizontal axis: each one, or every second, third and so on where they would touch.
  function everyNth(names, width) {
    var longest = names.reduce(function (most, name) { return Math.max(most, name.length); }, 0);
    return Math.ceil(names.length * (longest * 7 + 12) / (width - 60));
  }

  function option(spec, width) {
    var named = namedOf(spec, width), legend = named.length > 1, bars = spec.kind !== "line", few = spec.x.length <= 9;
    var text = { color: INK, fontSize: 12, fontFamily: FONT };
    return {
      animation: false,
      textStyle: text,
      grid: { left: 4, right: 14, top: legend ? (fitsALine(named, width) ? 40 : 62) : 20,
        bottom: spec.xTitle ? 22 : 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      legend: legend ? { data: named, selectedMode: !spec.ramp, top: 0, left: 0, textStyle: text, itemWidth: 26, icon: bars ? "roundRect" : undefined } : undefined,
      tooltip: { trigger: spec.ramp ? "item" : "axis", renderMode: "richText", confine: true, textStyle: { fontFamily: FONT, fontSize: 12, color: INK },
        valueFormatter: exactText(spec.unit) },
      xAxis: { type: "category", data: spec.x, name: spec.xTitle, nameLocation: "middle", nameGap: 26, nameTextStyle: text,
        axisLabel: { color: INK, fontSize: 12, fontFamily: FONT, interval: few ? 0 : everyNth(spec.x, width) - 1,
          width: few ? Math.floor((width - 60) / spec.x.length) : undefined, overflow: few ? "break" : undefined },
        axisTick: { show: false }, axisLine: { lineStyle: { color: "#94a3b8" } }, boundaryGap: bars },
      yAxis: { type: "value", min: 0, max: isWhole(spec) ? 100 : null, interval: isWhole(spec) ? 25 : null, splitNumber: 4, axisLabel: { color: INK, fontSize: 12, fontFamily: FONT, formatter: axisText(spec.unit) },
        splitLine: { lineStyle: { color: PALE } } },
      series: spec.series.map(function (s, i) { return bars ? barOf(spec, s, i, width) : lineOf(spec, s, i); })
    };
  }

  function draw(one, width, height) {
    if (!width || (one.width === width && one.height === height)) return;
    one.width = width;
    one.height = height;
    one.chart.resize({ width: width, height: height });
    one.chart.setOption(option(one.spec, width), true);
  }

  function fit() {
    if (onPaper) return;
    drawn.forEach(function (one) { draw(one, one.box.clientWidth, one.box.clientHeight); });
  }

  function forPaper() {
    onPaper = true;
    drawn.forEach(function (one) { draw(one, PAPER, PAPER_HEIGHT); });
    document.querySelectorAll("details.data:not([open])").forEach(function (d) { d.open = true; d.dataset.shut = "1"; });
  }

  function fromPaper() {
    document.querySelectorAll("details[data-shut]").forEach(function (d) { d.open = false; delete d.dataset.shut; });
    onPaper = false;
    fit();
  }

  // Without this script every table is open; with it they wait behind their line.
  document.querySelectorAll("details.data").forEach(function (d) { d.open = false; });
  document.querySelectorAll("[data-chart]").forEach(function (box) {
    var chart = echarts.init(box, null, { renderer: "svg", width: box.clientWidth, height: box.clientHeight });
    drawn.push({ box: box, chart: chart, spec: data.charts[box.dataset.chart], width: 0, height: 0 });
  });
  fit();
  if (window.ResizeObserver) new ResizeObserver(fit).observe(document.querySelector("main"));
  window.addEventListener("beforeprint", forPaper);
  window.addEventListener("afterprint", fromPaper);
  document.documentElement.dataset.drawn = drawn.length;
})();
