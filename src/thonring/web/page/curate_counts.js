// The effect of the limits, counted in the browser. The values of the run are 64-bit floats, so that a value at a limit
// falls on the same side as when it was graded.
import { getBytes } from "./api.js";

const fittedBit = 4;
const decidedBit = 8;

export async function loadValues() {
  const bytes = await getBytes("curate/values");
  const length = new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  const at = (index) => new Float64Array(bytes, 4 + length + 8 * index * head.count, head.count);
  const values = Object.fromEntries(head.columns.map((name, index) => [name, at(index)]));
  const flags = new Uint8Array(bytes, 4 + length + 8 * (head.columns.length + 1) * head.count, head.count);
  return {
    count: head.count,
    values,
    numbers: at(head.columns.length),
    fitted: flags.map((flag) => (flag & fittedBit ? 1 : 0)),
    status: flags.map((flag) => flag & 3),
    decided: flags.map((flag) => (flag & decidedBit ? 1 : 0)),
  };
}

export function holds(value, limit, passIfMissing) {
  return Number.isNaN(value) ? passIfMissing : limit.atLeast <= value && value <= limit.atMost;
}

export class Counts {
  constructor(data, criteria) {
    this.data = data;
    this.failing = new Map(criteria.map((criterion) => [criterion.name, new Uint8Array(data.count)]));
    this.passIfMissing = new Map(criteria.map((criterion) => [criterion.name, criterion.unknown_passes]));
    this.faults = new Uint8Array(data.count);
  }

  // `limit` is {atLeast, atMost}, or null: the criterion is not used.
  set(name, limit) {
    const {
      data: { count, fitted, values },
      faults,
    } = this;
    const failing = this.failing.get(name);
    const column = values[name];
    const passes = this.passIfMissing.get(name);
    for (let row = 0; row < count; row += 1) {
      const fails = limit && fitted[row] && !holds(column[row], limit, passes) ? 1 : 0;
      faults[row] += fails - failing[row];
      failing[row] = fails;
    }
  }

  kept(row) {
    return this.data.fitted[row] === 1 && this.faults[row] === 0;
  }

  totals() {
    const {
      data: { count, fitted, status, decided },
      faults,
    } = this;
    const totals = { fitted: 0, kept: 0, accept: 0, reject: 0, manualAccept: 0, manualReject: 0, all: count };
    for (let row = 0; row < count; row += 1) {
      if (!fitted[row]) continue;
      totals.fitted += 1;
      if (faults[row] === 0) {
        totals.kept += 1;
        if (status[row] !== 0) {
          totals.accept += 1;
          totals.manualAccept += decided[row];
        }
      } else if (status[row] !== 1) {
        totals.reject += 1;
        totals.manualReject += decided[row];
      }
    }
    return totals;
  }

  // How many micrographs a criterion rejects, and how many of them fail no other criterion.
  rejections(name) {
    const failing = this.failing.get(name);
    let total = 0;
    let alone = 0;
    for (let row = 0; row < failing.length; row += 1) {
      total += failing[row];
      if (failing[row] && this.faults[row] === 1) alone += 1;
    }
    return { total, alone };
  }
}
