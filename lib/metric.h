/* metric: numbers for node_exporter's textfile collector (doc/metrics.md), in state/metrics/USER/NAME.prom, each file written by one user. */

#ifndef LIB_METRIC_H
#define LIB_METRIC_H

#include "lib/text.h"

/* One number with what it is. type: "gauge" or "counter". The second: its head alone, for a metric whose lines have labels. */
void metric_add(text *out, const char *name, const char *type, const char *help, uint64_t value);
void metric_add_head(text *out, const char *name, const char *type, const char *help);

/* What the file says; empty if it is not there. */
void metric_read(const char *path, text *before);

/* The number behind a name (with its labels) in what was read; 0 if it is not there. */
uint64_t metric_last(const text *before, const char *name);

/* Written aside and renamed, not synced. A folder that is not there is no failure: nothing is exported. */
void metric_write(const char *path, const char *aside, const text *bytes);

#endif
