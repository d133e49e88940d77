// The tables of part 3 on the terminal.
import { table } from './report.mjs';

const whole = (value) => Math.round(value).toLocaleString('en');

const exportTable = (cases) => table([['rs2ddb_export returns', 'median ms', '95 % ms', 'worst ms'],
  ...Object.values(cases).map((line) => [line.name, line.median_ms.toFixed(2), line.p95_ms.toFixed(2), line.worst_ms.toFixed(2)])]);

const jobTable = (job) => table([[`a job of ${job.rows} rows, ${job.jobs} jobs`, 'median s', 'worst s'],
  ...[['from the end of the UNLOAD', job.after_unload], ['from loading_at', job.loading], ['from the call', job.job]]
    .map(([name, line]) => [name, line.median_s.toFixed(3), line.worst_s.toFixed(3)])]);

const costTable = ({ jobs }) => table([['rows', 'files', 'CPU s', 'us a row', 'wall s', 'loader MB'],
  ...Object.values(jobs).map((job) => [whole(job.rows), job.files, job.cpu_s.toFixed(3), (job.cpu_s / job.rows * 1e6).toFixed(2),
    job.wall_s.toFixed(2), job.loader_peak_mb ? job.loader_peak_mb.toFixed(1) : ''])]);

const costText = (scaling) => `a job costs ${(scaling.fixed_cpu_s * 1e3).toFixed(0)} CPU-ms and ${scaling.marginal_us_to_million.toFixed(2)} us a row up to a million rows, `
  + `${scaling.marginal_us_to_ten_million.toFixed(2)} from there to ten; a file more costs ${scaling.per_file_ms.toFixed(2)} CPU-ms, `
  + `ten million rows in 5,000 files ${scaling.files_5000_to_10.toFixed(2)} of what they cost in 10`;

const memoryTable = ({ memory }) => table([['one loader, private memory', 'file MB', 'loader MB', 'leader MB'],
  ...Object.entries(memory).map(([name, line]) => [name.replace('_', ', '), line.file_mb.toFixed(0), line.loader_mb.toFixed(1), line.leader_mb.toFixed(1)])]);

export const detailsReport = ({ latency, scaling }) =>
  [exportTable(latency.export), jobTable(latency.small_job), costTable(scaling), costText(scaling), memoryTable(scaling)].join('\n\n');
