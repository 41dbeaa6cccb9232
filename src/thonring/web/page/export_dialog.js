// The export dialog: every format as a download, and an update of the tables in the run folder.
import { post } from "./api.js";
import { disableIfReadOnly } from "./decisions.js";
import { button, element, openDialog } from "./dom.js";
import { showToast, withErrorToast } from "./toast.js";

const formats = {
  star: ["RELION STAR", "micrographs_ctf.star and rejected_ctf.star"],
  xmd: ["Xmipp metadata", "micrographs.xmd"],
  csv: ["Spreadsheet (CSV)", "results.csv and attempts.csv"],
  "cryosparc-csv": ["cryoSPARC CSV", "exposures_ctf.csv and rejected_exposures_ctf.csv"],
  ctffind: ["CTFFIND text files", "one file per micrograph"],
  json: ["JSON", "results.json, the complete results"],
};

export function openExportDialog() {
  const download = ([name, [title, files]]) =>
    element(
      "li",
      {},
      element("a", { href: `/api/exports/${name}`, download: "" }, title),
      element("span", { class: "soft" }, ` – ${files}`),
    );
  const update = button("Update the tables in the run folder", async () => {
    update.disabled = true;
    await withErrorToast(async () => showToast((await post("exports", {})).told));
    dialog.close();
  });
  disableIfReadOnly(update);
  const dialog = openDialog(
    "Export",
    element(
      "p",
      {},
      "Every table includes your decisions and manual estimates. For a large run, preparing a download may take a minute.",
    ),
    element("ul", { class: "formats" }, ...Object.entries(formats).map(download)),
    element(
      "p",
      { class: "buttons" },
      update,
      button("Close", () => dialog.close()),
    ),
  );
}
