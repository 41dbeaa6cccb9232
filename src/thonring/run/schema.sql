-- The store of a run, version 1; schema_2.sql adds to it. Numbers stand in columns without a type: a REAL column would turn -0.0 into 0.0.
-- NULL in such a column is NaN. Text that is no valid UTF-8, as some file names, is a BLOB of its bytes.

CREATE TABLE input (            -- every file ever asked for; the order of `id` is that of the tables
  id INTEGER PRIMARY KEY,
  path NOT NULL UNIQUE,         -- as last given
  place NOT NULL,               -- the same, absolute
  name NOT NULL UNIQUE          -- of its artefacts, for good
);

CREATE TABLE recipe (           -- the ways in which micrographs of this run were estimated
  id INTEGER PRIMARY KEY,
  settings TEXT NOT NULL,       -- JSON: what influences the result
  spectrum_kind TEXT NOT NULL,  -- '' where the inputs are images
  artefacts TEXT NOT NULL,      -- JSON: what was written beside the tables
  thonring TEXT NOT NULL,       -- version of the program
  UNIQUE (settings, spectrum_kind, artefacts, thonring)
);

CREATE TABLE criteria (         -- the lists of criteria by which attempts were judged
  id INTEGER PRIMARY KEY,
  names TEXT NOT NULL UNIQUE    -- JSON: [name, ...]
);

CREATE TABLE micrograph (       -- the finished ones
  input INTEGER PRIMARY KEY REFERENCES input (id),
  recipe INTEGER NOT NULL REFERENCES recipe (id),
  asked TEXT NOT NULL,          -- JSON: optics and known defocus as they were given
  size INTEGER,                 -- of the file in bytes, NULL where there was none
  mtime_ns INTEGER,
  status TEXT NOT NULL,
  reasons TEXT NOT NULL,        -- JSON: [sentence, ...]
  voltage_kV, cs_mm, amplitude_contrast, given_pixel_A,  -- optics as used; all NULL: unknown
  pixel_A,
  rows INTEGER NOT NULL,
  columns INTEGER NOT NULL,
  chosen INTEGER,               -- number of the attempt kept, from 0
  notes TEXT NOT NULL,          -- JSON: [[kind, sentence], ...]
  cpu_seconds,
  content_hash TEXT NOT NULL    -- SHA-256 of the file, '' where it was not asked for
);

CREATE TABLE attempt (          -- every sampling tried of every finished micrograph
  micrograph INTEGER NOT NULL REFERENCES micrograph (input),
  number INTEGER NOT NULL,      -- from 0
  sampling_A,
  profile NOT NULL,
  criteria INTEGER NOT NULL REFERENCES criteria (id),
  criterion_values TEXT NOT NULL,  -- JSON: [value, ...] in the order of their names; null: NaN
  remarks TEXT NOT NULL,        -- JSON: [[index, passed, reason], ...] of criteria that did not hold or have a reason
  fitted INTEGER NOT NULL,      -- 0: no fit, and NULL in what follows
  defocus_u_A, defocus_v_A, angle_deg, phase_shift_deg, amplitude_contrast,
  score, fit_resolution_A, lowest_resolution_A, highest_resolution_A, fit_sampling_A,
  log_likelihood_gain, dispersion, runner_up_A, runner_up_gap, start_A, coarse_defocus_A, coarse_resolution_A,
  covariance TEXT,              -- JSON: 5 rows of 5, as CtfFit states them
  fit_notes TEXT,               -- JSON: [[kind, sentence], ...]
  UNIQUE (micrograph, number)
);
