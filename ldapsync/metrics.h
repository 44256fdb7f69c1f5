/* metrics: how old the directory's facts and the tables are, and what the guard has refused, for node_exporter's textfile collector
   (doc/metrics.md): state/metrics/USER/NAME.prom, each written by one user. A folder that is not there is no failure: nothing is exported. */

#ifndef LDAPSYNC_METRICS_H
#define LDAPSYNC_METRICS_H

/* directory.prom, as mail-ldap: the directory server has been read whole, or is followed, and the tables are made of that as far as the
   caller knows. Called as often as one likes: it is written every few seconds. Its age is what control/directorymaxage looks at. */
void metrics_directory(void);

/* tables.prom, as mail-tables: how the current tables are. Also: the current tables are what the directory and the control files say
   (generation_publish); something was refused (guard_refused), by the word that the log has. */
void metrics_tables(void);
void metrics_tables_checked(void);
void metrics_tables_refused(const char *reason);

#endif
