/** The release whose words and output this has; it stands in front of all that the tool says. */
export const VERSION = 'conntrack v1.4.7 (conntrack-tools)';
