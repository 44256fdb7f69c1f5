#include "ldapsync/metrics.h"

#include <string.h>
#include <time.h>

#include "ldapsync/generations.h"
#include "lib/metric.h"
#include "lib/tables.h"

#define TABLES "state/metrics/mail-tables/tables.prom"
#define TABLES_NEW "state/metrics/mail-tables/.tables.new"
#define CHECKED "postroom_tables_checked_timestamp_seconds"
enum { DIRECTORY_SECONDS = 10 };

static void add_gauge(text *out, const char *name, const char *help, uint64_t value) { metric_add(out, name, "gauge", help, value); }

void metrics_directory(void)
{
  static time_t written;
  time_t now = time(0);
  text out = TEXT_ZERO;

  if (written <= now && now - written < DIRECTORY_SECONDS) return;
  written = now;
  add_gauge(&out, "postroom_directory_synced_timestamp_seconds", "When the directory server had last been read whole or was followed.", (uint64_t)now);
  metric_write("state/metrics/mail-ldap/directory.prom", "state/metrics/mail-ldap/.directory.new", &out);
  text_free(&out);
}

static void add_refusals(text *out, const text *before, const char *refused)
{
  static const char *const reasons[] = { "maxvanish", "expect", "held" };
  text name = TEXT_ZERO;

  metric_add_head(out, "postroom_tables_refused_total", "counter", "Publications that were refused, by what refused them.");
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
    text_clear(&name);
    text_add_format(&name, "postroom_tables_refused_total{reason=\"%s\"}", reasons[i]);
    uint64_t count = metric_last(before, text_string(&name)) + (refused && !strcmp(refused, reasons[i]));
    text_add_format(out, "%s %llu\n", name.s, (unsigned long long)count);
  }
  text_free(&name);
}

static void add_current(text *out)
{
  struct tables current = TABLES_ZERO;
  text record = TEXT_ZERO, held = TEXT_ZERO;
  uint64_t mailboxes = 0, addresses = 0;

  if (tables_open(&current, "policy") && tables_find(&current, "table", "generation", &record) == LOOKUP_FOUND) {
    record_number(&record, "mailboxes", SIZE_MAX, &mailboxes);
    record_number(&record, "addresses", SIZE_MAX, &addresses);
    add_gauge(out, "postroom_tables_built_timestamp_seconds", "When the current tables were made.", generations_made(current.generation.s));
    add_gauge(out, "postroom_tables_mailboxes", "Mailboxes of the current tables.", mailboxes);
    add_gauge(out, "postroom_tables_addresses", "Addresses of the current tables.", addresses);
  }
  add_gauge(out, "postroom_tables_held", "1: somebody went back to older tables, and nothing is published until he releases them.", generations_held(&held));
  tables_close(&current);
  text_free(&record);
  text_free(&held);
}

static void write_tables(bool is_checked, const char *refused)
{
  text before = TEXT_ZERO, out = TEXT_ZERO;

  metric_read(TABLES, &before);
  add_current(&out);
  add_gauge(&out, CHECKED, "When the current tables were last what the directory and the control files said.", is_checked ? (uint64_t)time(0) : metric_last(&before, CHECKED));
  add_refusals(&out, &before, refused);
  metric_write(TABLES, TABLES_NEW, &out);
  text_free(&before);
  text_free(&out);
}

void metrics_tables(void) { write_tables(false, 0); }

void metrics_tables_checked(void) { write_tables(true, 0); }

void metrics_tables_refused(const char *reason) { write_tables(false, reason); }
