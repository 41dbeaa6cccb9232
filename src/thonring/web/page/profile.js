// Plotly figures of the radial profile and of the Fourier search for the defocus.
const powerTicks = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
const resolutionTicks_A = [30, 20, 15, 10, 8, 7, 6, 5, 4.5, 4, 3.5, 3, 2.5, 2.2, 2, 1.8, 1.5];

// Three panels: power with background and envelope; normalized rings with sin²χ; local agreement of the two. `limit_A` is
// the fit resolution.
export function profileFigure(curve, limit_A) {
  const k = curve.frequency_per_A;
  const line = (name, y, colour, { line: style, ...more } = {}) => ({
    x: k,
    y,
    name,
    type: "scatter",
    mode: "lines",
    hovertemplate: "%{y:.3g}",
    line: { color: colour, width: 1.5, ...style },
    ...more,
  });
  const fitted = k.map((frequency, index) => (limit_A && frequency * limit_A > 1 ? null : curve.rings[index]));
  return {
    data: [
      line("background", curve.background, "series-1", { yaxis: "y" }),
      line("envelope", curve.envelope, "series-2", {
        yaxis: "y",
        line: { dash: "dash", width: 1 },
        fill: "tonexty",
        fillcolor: "shade",
      }),
      line("measured", curve.power, "text", { yaxis: "y", line: { width: 1 } }),
      line("fitted", curve.fitted, "series-2", { yaxis: "y" }),
      line("measured, beyond the fit resolution", curve.rings, "soft", {
        yaxis: "y2",
        line: { width: 0.8 },
        opacity: 0.55,
        showlegend: false,
        hoverinfo: "skip",
      }),
      line("measured", fitted, "text", { yaxis: "y2", line: { width: 1.1 }, showlegend: false }),
      line("sin²χ", curve.sin2, "series-2", { yaxis: "y2", showlegend: false }),
      line("agreement", curve.agreement, "series-1", {
        yaxis: "y3",
        fill: "tozeroy",
        fillcolor: "shade",
        showlegend: false,
      }),
    ],
    layout: {
      margin: { l: 58, r: 12, t: 26, b: 44 },
      hovermode: "x unified",
      showlegend: true,
      legend: { orientation: "h", x: 1, xanchor: "right", y: 1.01, yanchor: "bottom", font: { size: 11 } },
      xaxis: {
        ...resolutionAxis(k[0], k.at(-1)),
        anchor: "y3",
        title: { text: "resolution (Å), linear in 1/Å", standoff: 6 },
      },
      yaxis: axis([0.6, 1], "power", {
        type: "log",
        range: powerRange(curve.power),
        tickvals: powerTicks,
        ticktext: powerTicks.map(String),
      }),
      yaxis2: axis([0.23, 0.56], "rings", { range: [-0.6, 1.9], tickvals: [0, 1] }),
      yaxis3: axis([0, 0.19], "agreement", { range: [-1.05, 1.05], tickvals: [-1, 0, 1] }),
      shapes: limit_A
        ? [
            {
              type: "line",
              xref: "x",
              yref: "paper",
              x0: 1 / limit_A,
              x1: 1 / limit_A,
              y0: 0,
              y1: 1,
              line: { color: "limit", width: 1.2, dash: "dot" },
            },
          ]
        : [],
      annotations: limit_A
        ? [
            {
              xref: "x",
              yref: "paper",
              x: 1 / limit_A,
              y: 0.575,
              text: `fit resolution ${limit_A.toFixed(1)} Å`,
              showarrow: false,
              xanchor: 1 / limit_A > 0.8 * k.at(-1) ? "right" : "left",
              xshift: 1 / limit_A > 0.8 * k.at(-1) ? -4 : 4,
              font: { color: "limit", size: 11 },
            },
          ]
        : [],
    },
  };
}

// The three steps of the search: the profile without background, resampled in k², and its Fourier transform.
export function searchFigures(signals) {
  const line = (x, y) => [
    { x, y, type: "scatter", mode: "lines", line: { color: "text", width: 1.1 }, hoverinfo: "skip", showlegend: false },
  ];
  const highest_A = Math.min(signals.defocus_A.at(-1), Math.max(4 * signals.chosen_A, 30000));
  const inRange = signals.defocus_A.map((defocus_A) => defocus_A <= highest_A);
  const defocus_um = signals.defocus_A.filter((_, index) => inRange[index]).map((defocus_A) => 1e-4 * defocus_A);
  const amplitude = signals.amplitude.filter((_, index) => inRange[index]);
  const chosen = {
    type: "line",
    xref: "x",
    yref: "paper",
    x0: 1e-4 * signals.chosen_A,
    x1: 1e-4 * signals.chosen_A,
    y0: 0,
    y1: 1,
    line: { color: "series-2", width: 1.2, dash: "dot" },
  };
  const axisTitle = (text) => ({ title: { text, standoff: 6 } });
  return [
    {
      title: "Background-subtracted profile",
      data: line(signals.frequency_per_A, signals.profile),
      layout: {
        xaxis: {
          ...resolutionAxis(signals.frequency_per_A[0], signals.frequency_per_A.at(-1), 0.12),
          ...axisTitle("resolution (Å)"),
        },
      },
    },
    {
      title: "Resampled in k²: equidistant rings",
      data: line(signals.squared_frequency, signals.resampled),
      layout: { xaxis: axisTitle("k² (1/Å²)") },
    },
    {
      title: `Fourier transform: peak at ${Math.round(signals.chosen_A).toLocaleString("en")} Å`,
      data: [
        {
          ...line(defocus_um, amplitude)[0],
          fill: "tozeroy",
          fillcolor: "shade",
          line: { color: "series-1", width: 1.3 },
        },
      ],
      layout: { xaxis: axisTitle("defocus (µm)"), yaxis: { rangemode: "tozero" }, shapes: [chosen] },
    },
  ];
}

function resolutionAxis(lowest_per_A, highest_per_A, leastDistance = 0.055) {
  const least_per_A = leastDistance * (highest_per_A - lowest_per_A);
  let previous_per_A = -Infinity;
  const shown = resolutionTicks_A.filter((resolution_A) => {
    const fits =
      1 / resolution_A >= lowest_per_A &&
      1 / resolution_A <= highest_per_A &&
      1 / resolution_A - previous_per_A >= least_per_A;
    if (fits) previous_per_A = 1 / resolution_A;
    return fits;
  });
  return {
    range: [lowest_per_A, highest_per_A],
    tickangle: 0,
    tickvals: shown.map((resolution_A) => 1 / resolution_A),
    ticktext: shown.map(String),
    hoverformat: ".4f",
  };
}

function axis(domain, title, more) {
  return {
    domain,
    title: { text: title, standoff: 4 },
    gridcolor: "grid",
    zerolinecolor: "grid",
    linecolor: "soft",
    automargin: false,
    ...more,
  };
}

function powerRange(power) {
  const shown = power.filter((value) => value > 0).sort((a, b) => a - b);
  if (!shown.length) return [-1, 1];
  const [low, high] = [Math.log10(shown[0]), Math.log10(shown[Math.floor(0.99 * (shown.length - 1))])];
  return [low - 0.08 * (high - low), high + 0.15 * (high - low)];
}
