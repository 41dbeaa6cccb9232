// The dialog behind "Export": every format as a download, and the tables in the run's folder.
import { post } from "./api.js";
import { allow } from "./decide.js";
import { button, make } from "./element.js";
import { tell, trying } from "./told.js";

const formats = {
  star: ["RELION STAR", "micrographs_ctf.star and rejected_ctf.star"],
  xmd: ["Xmipp metadata", "micrographs.xmd"],
  csv: ["Spreadsheet", "results.csv and attempts.csv"],
  "cryosparc-csv": ["cryoSPARC CSV", "exposures_ctf.csv and rejected_exposures_ctf.csv"],
  ctffind: ["CTFFIND texts", "a text for each micrograph"],
  json: ["JSON", "results.json, with everything"],
};

export function openExports() {
  const rows = Object.entries(formats).map(([name, [title, files]]) => make("li", {}, make("a", { href: `/api/exports/${name}`, download: "" }, title), make("span", { className: "soft" }, ` – ${files}`)));
  const renew = button("Renew the tables in the run's folder", async () => {
    renew.disabled = true;
    await trying(async () => tell((await post("exports", {})).told));
    dialog.close();
  });
  const dialog = make("dialog", { ariaLabelledby: "exports-title" }, make("h2", { id: "exports-title" }, "Export"),
    make("p", {}, "Verdicts and estimates by hand are in every table. A large run takes a minute before its download begins."),
    make("ul", { className: "formats" }, ...rows), make("p", { className: "buttons" }, renew, button("Close", () => dialog.close())));
  allow(renew);
  dialog.onclose = () => dialog.remove();
  document.body.append(dialog);
  dialog.showModal();
}
