/**
 * Reports: a replay for people (table.ts, trace.ts, summary.ts), for programs (json.ts), for Wireshark (pcapng-out.ts) and
 * for those who read logs (syslog.ts). Each is a Report; `combineReports` lets several listen to one replay.
 */
export { escapeText } from './escape.ts';
export { JsonReport, type JsonReportOptions } from './json.ts';
export { FdOutput, type Output, OutputClosed, StringOutput } from './output.ts';
export { PcapngReport } from './pcapng-out.ts';
export { ProgressReport } from './progress.ts';
export { combineReports, type Report } from './report.ts';
export { SummaryReport, type SummaryReportOptions } from './summary.ts';
export { parseSyslogTarget, SyslogReport, syslogToFile } from './syslog.ts';
export { SyslogSelector } from './syslog-selector.ts';
export { TableReport, type TableReportOptions } from './table.ts';
export { TIME_STYLES, type TimeStyle } from './times.ts';
