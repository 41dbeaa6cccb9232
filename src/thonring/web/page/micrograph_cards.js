// The cards of the micrograph view. Each takes {data, attempt, defer, addFigure}: the micrograph, the attempt on show,
// `defer(load)` for what is computed from the file, and `addFigure(draw)` for what is redrawn with the theme.
import { get } from "./api.js";
import { actionVerbs } from "./decisions.js";
import { element, formatNumber, formatSignificant, svgElement } from "./dom.js";
import { draw } from "./figures.js";
import { criteriaTable, fitTable } from "./fit_tables.js";
import { profileFigure, searchFigures } from "./profile.js";
import { SpectrumPicture, legend } from "./spectrum.js";

// Pixels of the stored picture of a spectrum.
const pictureSize = 512;

function card(title, ...children) {
  return element("section", { class: "card", "aria-label": title }, element("h2", {}, title), ...children);
}

function note(text) {
  return element("p", { class: "soft" }, text);
}

function loadingNote() {
  return element("p", { class: "soft loading", role: "status" }, "Computing from the micrograph…");
}

// A card whose content the server computes from the micrograph's file.
function computedCard({ defer }, title, path, show) {
  const status = loadingNote();
  const body = element("div");
  defer(async () => {
    try {
      const answer = await get(path);
      status.remove();
      await show(body, answer);
    } catch (error) {
      status.textContent = error.message;
    }
  });
  return card(title, status, body);
}

export function spectrumCard({ data, attempt }) {
  if (!attempt) return card("Spectrum", note("The file could not be read, so there is no spectrum."));
  const picture = new SpectrumPicture(`Power spectrum of ${data.name}, with the model in the upper left quadrant`);
  const overlay = data.overlays[attempt.number];
  picture.setScale(overlay.nyquist_per_A, pictureSize, overlay.resolutions_A);
  picture.setImage(`/api/micrographs/${data.number}/spectrum.png?attempt=${attempt.number}`);
  const missing = note("The picture of this spectrum cannot be shown: its file is missing or unreadable.");
  missing.hidden = true;
  picture.image.addEventListener("error", () => {
    missing.hidden = false;
  });
  const outlined = (className, d) => [
    svgElement("path", { class: "outline", d }),
    svgElement("path", { class: className, d }),
  ];
  const zeros = picture.path(overlay.first_zeros_x_per_A, overlay.first_zeros_y_per_A);
  const fitResolution_A = attempt.fit?.fit_resolution_A;
  picture.curves.replaceChildren(
    ...(zeros ? outlined("zeros", `${zeros}Z`) : []),
    ...(fitResolution_A ? outlined("fit-resolution", circle(picture, 1 / fitResolution_A)) : []),
  );
  const entries = attempt.fit
    ? [
        ["zeros", "first zeros"],
        ["fit-resolution", `fit resolution ${formatNumber(fitResolution_A, 1)} Å`],
      ]
    : [];
  const sampling = `${formatNumber(attempt.sampling_A, 2)} Å per pixel, Nyquist ${formatNumber(2 * attempt.sampling_A, 2)} Å.`;
  return card(
    "Spectrum",
    picture.frame,
    missing,
    legend(...entries),
    note(attempt.fit ? `Upper left: the model. ${sampling}` : `No fit. ${sampling}`),
  );
}

function circle(picture, radius_per_A) {
  const angles = Array.from({ length: 121 }, (_, index) => (index * Math.PI) / 60);
  const path = picture.path(
    angles.map((angle) => radius_per_A * Math.cos(angle)),
    angles.map((angle) => radius_per_A * Math.sin(angle)),
  );
  return `${path}Z`;
}

export function thumbnailCard({ data, defer }) {
  if (data.spectrum_kind || !data.rows) return null;
  const image = element("img", { class: "thumbnail", alt: `Micrograph ${data.name}`, hidden: true });
  const status = loadingNote();
  defer(() => {
    if (data.file_now !== "as estimated") {
      status.textContent = "Not shown: the file is not the one that was estimated.";
      return;
    }
    image.addEventListener("load", () => {
      image.hidden = false;
      status.remove();
    });
    image.addEventListener("error", () => {
      status.textContent = "The file cannot be read.";
    });
    image.src = `/api/micrographs/${data.number}/thumbnail.png`;
  });
  const width_um = (data.columns * (data.pixel_A ?? 0)) / 1e4;
  const pixels = `${data.columns.toLocaleString()} × ${data.rows.toLocaleString()} pixels`;
  return card(
    "Micrograph",
    image,
    status,
    note(`${pixels} of ${formatNumber(data.pixel_A, 3)} Å: ${formatNumber(width_um, 2)} µm wide.`),
  );
}

export function profileCard(context) {
  const { data, attempt, addFigure } = context;
  if (!attempt) return null;
  if (!attempt.fit) {
    const link = element("a", { href: `#/micrograph/${data.number}/manual` }, "estimate it manually");
    const text = ["This attempt has no fit. To see the profile, ", link, "."];
    return card("Radial profile", element("p", { class: "soft" }, ...text));
  }
  const path = `micrographs/${data.number}/profile?attempt=${attempt.number}`;
  return computedCard(context, "Radial profile", path, (body, profile) => {
    const plot = element("div", {
      class: "profile",
      role: "img",
      "aria-label": "Power, Thon rings and agreement against resolution",
    });
    body.append(plot);
    const redraw = () => draw(plot, profileFigure(profile, attempt.fit.fit_resolution_A));
    addFigure(redraw);
    return redraw();
  });
}

export function searchCard(context) {
  const { data, attempt, addFigure } = context;
  if (!attempt) return null;
  const path = `micrographs/${data.number}/signals?attempt=${attempt.number}`;
  return computedCard(context, "Fourier search", path, (body, signals) => {
    body.className = "signals";
    const figures = searchFigures(signals);
    const plots = figures.map(({ title }) => element("div", { class: "signal", role: "img", "aria-label": title }));
    const caption = (index) => element("figcaption", { class: "soft" }, figures[index].title);
    body.append(...plots.map((plot, index) => element("figure", {}, caption(index), plot)));
    const margin = { l: 44, r: 8, t: 6, b: 40 };
    const redraw = () => {
      figures.forEach((figure, index) =>
        draw(plots[index], { data: figure.data, layout: { margin, ...figure.layout } }),
      );
    };
    addFigure(redraw);
    redraw();
  });
}

export function attemptsCard({ data, attempt }, selectAttempt) {
  if (!attempt) return null;
  const label = ({ number, by_hand, sampling_A }) => {
    const name = by_hand ? `manual ${-number}` : `${formatNumber(sampling_A, 2)} Å/px`;
    return number === data.kept ? `${name} · kept` : name;
  };
  const tab = (each) => {
    const mark = element("span", { class: each.accepted ? "accepted" : "rejected" }, each.accepted ? "✓ " : "✗ ");
    const pressed = String(each.number === attempt.number);
    const attributes = { type: "button", "aria-pressed": pressed, onclick: () => selectAttempt(each.number) };
    return element("button", attributes, mark, label(each));
  };
  return card(
    "Attempts",
    element("p", { class: "tabs", role: "group", "aria-label": "Attempts" }, ...data.attempts.map(tab)),
    attempt.fit ? fitTable(attempt.fit) : note("No fit: the spectrum itself was rejected."),
    criteriaTable(attempt),
  );
}

export function parametersCard({ data, attempt, defer }) {
  const { optics } = data;
  const rows = [
    ["Voltage", optics && `${formatSignificant(optics.voltage_kV)} kV`],
    ["Spherical aberration", optics && `${formatSignificant(optics.cs_mm)} mm`],
    ["Amplitude contrast", optics && formatSignificant(optics.amplitude_contrast)],
    ["Pixel size", data.pixel_A && `${formatSignificant(data.pixel_A)} Å`],
    ["CPU time", data.cpu_seconds && `${formatSignificant(data.cpu_seconds)} s`],
    ["Estimated with", `Thonring ${data.thonring}`],
  ].filter(([, text]) => text);
  const item = ([title, text]) => element("div", {}, element("dt", {}, title), element("dd", {}, text));
  const notes = data.notes.map((text) => element("li", {}, text));
  return card(
    "Parameters",
    element("dl", { class: "values" }, attempt && networkItem(data, attempt, defer), ...rows.map(item)),
    notes.length > 0 && element("ul", { class: "notes" }, ...notes),
  );
}

// The defocus predicted by the network, and how far it is from the fit.
function networkItem(data, attempt, defer) {
  const value = element("dd", {}, "…");
  const warning = (text) => element("span", { class: "note" }, text);
  defer(async () => {
    try {
      const { defocus_A, sigma_A, notes } = await get(`micrographs/${data.number}/network`);
      const prediction = `${formatNumber(defocus_A)} ± ${formatNumber(sigma_A)} Å`;
      let difference = "";
      if (attempt.fit && defocus_A !== null) {
        const sigma = Math.hypot(sigma_A, attempt.fit.defocus_sigma_A ?? 0);
        difference = ` · ${formatNumber(Math.abs(defocus_A - attempt.fit.defocus_A) / sigma, 1)} σ from the fit`;
      }
      value.replaceChildren(prediction, difference, ...notes.map(warning));
    } catch (error) {
      value.replaceChildren(warning(error.message));
    }
  });
  return element("div", { class: "wide" }, element("dt", {}, "Defocus predicted by the network"), value);
}

export function historyCard({ data }) {
  if (!data.history.length) return null;
  const entry = ({ at, who, kind, undoes, micrographs }) => {
    const time = element("time", { datetime: at, class: "soft" }, new Date(at).toLocaleString());
    const target = undoes ? ` (no. ${undoes})` : "";
    const others = micrographs > 2 ? "others" : "other";
    const extent = micrographs > 1 ? `, together with ${(micrographs - 1).toLocaleString()} ${others}` : "";
    return element("li", {}, time, ` ${who} ${actionVerbs[kind] ?? kind}${target}${extent}`);
  };
  return card("Decisions", element("ol", { class: "history" }, ...data.history.map(entry)));
}
