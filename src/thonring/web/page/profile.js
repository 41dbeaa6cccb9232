// The radial profile as a figure: power with background and envelope, rings beside sin²χ, and where they agree.
const powers = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
const labelled_A = [30, 20, 15, 10, 8, 7, 6, 5, 4.5, 4, 3.5, 3, 2.5, 2.2, 2, 1.8, 1.5];

export function profileFigure(curve, limit_A) {
  const k = curve.frequency_per_A;
  const line = (name, y, colour, more = {}) => ({ x: k, y, name, type: "scatter", mode: "lines", hovertemplate: "%{y:.3g}", line: { color: colour, width: 1.5, ...more.line }, ...without(more, "line") });
  const fitted = k.map((one, index) => (limit_A && one * limit_A > 1 ? null : curve.rings[index]));
  return {
    data: [
      line("background", curve.background, "series-1", { yaxis: "y" }),
      line("envelope", curve.envelope, "series-2", { yaxis: "y", line: { dash: "dash", width: 1 }, fill: "tonexty", fillcolor: "shade" }),
      line("measured", curve.power, "text", { yaxis: "y", line: { width: 1 } }),
      line("fitted", curve.fitted, "series-2", { yaxis: "y" }),
      line("measured, beyond the fit", curve.rings, "soft", { yaxis: "y2", line: { width: .8 }, opacity: .55, showlegend: false, hoverinfo: "skip" }),
      line("measured", fitted, "text", { yaxis: "y2", line: { width: 1.1 }, showlegend: false }),
      line("sin²χ", curve.sin2, "series-2", { yaxis: "y2", showlegend: false }),
      line("agreement", curve.agreement, "series-1", { yaxis: "y3", fill: "tozeroy", fillcolor: "shade", showlegend: false }),
    ],
    layout: {
      margin: { l: 58, r: 12, t: 26, b: 44 }, hovermode: "x unified", showlegend: true,
      legend: { orientation: "h", x: 1, xanchor: "right", y: 1.01, yanchor: "bottom", font: { size: 11 } },
      xaxis: { ...resolutionAxis(k[0], k.at(-1)), anchor: "y3", title: { text: "resolution (Å), evenly in 1/Å", standoff: 6 } },
      yaxis: axis([0.6, 1], "power", { type: "log", range: powerRange(curve.power), tickvals: powers, ticktext: powers.map(String) }),
      yaxis2: axis([0.23, 0.56], "rings", { range: [-0.6, 1.9], tickvals: [0, 1] }),
      yaxis3: axis([0, 0.19], "agree", { range: [-1.05, 1.05], tickvals: [-1, 0, 1] }),
      shapes: limit_A ? [{ type: "line", xref: "x", yref: "paper", x0: 1 / limit_A, x1: 1 / limit_A, y0: 0, y1: 1, line: { color: "limit", width: 1.2, dash: "dot" } }] : [],
      annotations: limit_A ? [{ xref: "x", yref: "paper", x: 1 / limit_A, y: 0.575, text: `fit to ${limit_A.toFixed(1)} Å`, showarrow: false, xanchor: 1 / limit_A > 0.8 * k.at(-1) ? "right" : "left", xshift: 1 / limit_A > 0.8 * k.at(-1) ? -4 : 4, font: { color: "limit", size: 11 } }] : [],
    },
  };
}

export function signalFigures(signals) {
  const line = (x, y) => [{ x, y, type: "scatter", mode: "lines", line: { color: "text", width: 1.1 }, hoverinfo: "skip", showlegend: false }];
  const furthest = Math.min(signals.defocus_A.at(-1), Math.max(4 * signals.chosen_A, 30000));
  const seen = signals.defocus_A.map((one) => one <= furthest);
  const defocus_um = signals.defocus_A.filter((_, index) => seen[index]).map((one) => 1e-4 * one);
  const amplitude = signals.amplitude.filter((_, index) => seen[index]);
  const chosen = { type: "line", xref: "x", yref: "paper", x0: 1e-4 * signals.chosen_A, x1: 1e-4 * signals.chosen_A, y0: 0, y1: 1, line: { color: "series-2", width: 1.2, dash: "dot" } };
  const titled = (text) => ({ title: { text, standoff: 6 } });
  return [
    { title: "Profile without background", data: line(signals.frequency_per_A, signals.profile), layout: { xaxis: { ...resolutionAxis(signals.frequency_per_A[0], signals.frequency_per_A.at(-1), 0.12), ...titled("resolution (Å)") } } },
    { title: "Against k²: rings of equal width", data: line(signals.squared_frequency, signals.resampled), layout: { xaxis: titled("k² (1/Å²)") } },
    { title: `Its transform: peak at ${Math.round(signals.chosen_A).toLocaleString("en")} Å`, data: [{ ...line(defocus_um, amplitude)[0], fill: "tozeroy", fillcolor: "shade", line: { color: "series-1", width: 1.3 } }], layout: { xaxis: titled("defocus (µm)"), yaxis: { rangemode: "tozero" }, shapes: [chosen] } },
  ];
}

function resolutionAxis(lowest_per_A, highest_per_A, apart = 0.055) {
  const least = apart * (highest_per_A - lowest_per_A);
  let reached = -Infinity;
  const shown = labelled_A.filter((one) => {
    const far = 1 / one >= lowest_per_A && 1 / one <= highest_per_A && 1 / one - reached >= least;
    if (far) reached = 1 / one;
    return far;
  });
  return { range: [lowest_per_A, highest_per_A], tickangle: 0, tickvals: shown.map((one) => 1 / one), ticktext: shown.map(String), hoverformat: ".4f" };
}

function axis(domain, title, more) {
  return { domain, title: { text: title, standoff: 4 }, gridcolor: "grid", zerolinecolor: "grid", linecolor: "soft", automargin: false, ...more };
}

function powerRange(power) {
  const shown = power.filter((one) => one > 0).sort((one, two) => one - two);
  if (!shown.length) return [-1, 1];
  const [low, high] = [Math.log10(shown[0]), Math.log10(shown[Math.floor(0.99 * (shown.length - 1))])];
  return [low - 0.08 * (high - low), high + 0.15 * (high - low)];
}

function without(all, name) {
  const { [name]: _, ...others } = all;
  return others;
}
