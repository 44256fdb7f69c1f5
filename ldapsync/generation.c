#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ldapsync/generation.h"
#include "ldapsync/generations.h"
#include "ldapsync/metrics.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/id.h"
#include "lib/record.h"

static const char *const files[] = { "policy", "auth", "relay", "token" };
enum { FILE_COUNT = sizeof files / sizeof *files };

static const char *path_of(text *path, const char *folder, const char *file)
{
  text_clear(path);
  text_add_format(path, "%s/%s.cdb", folder, file);
  return text_string(path);
}

/* A generation's folder holds these files and nothing else. */
bool generation_remove(const char *folder)
{
  text path = TEXT_ZERO;
  bool good = true;

  for (unsigned int i = 0; i < FILE_COUNT; i++)
    if (unlink(path_of(&path, folder, files[i])) == -1 && errno != ENOENT) good = false;
  text_free(&path);
  return rmdir(folder) == 0 && good;
}

static void remove_left_over(const char *prefix, const char *except)
{
  text names = TEXT_ZERO, path = TEXT_ZERO;

  if (!folder_names("tables", 0, &names)) die_unable("read the folder tables");
  for (size_t at = 0; at < names.len; at += strlen(names.s + at) + 1) {
    if (strncmp(names.s + at, prefix, strlen(prefix)) || !strcmp(names.s + at + strlen(prefix), except)) continue;
    text_copy(&path, "tables/");
    text_add(&path, names.s + at);
    if (!generation_remove(text_string(&path))) die_unable("remove ", path.s, ", which an interrupted build has left");
  }
  text_free(&names);
  text_free(&path);
}

static struct cdb_write *open_file(const struct generation *g, const char *file)
{
  text path = TEXT_ZERO;
  struct cdb_write *w = cdb_write_open(path_of(&path, g->folder.s, file));

  if (!w) die_unable("make ", path.s);
  text_free(&path);
  return w;
}

bool generation_open_changes(struct generation *g, const char *base)
{
  text path = TEXT_ZERO, other = TEXT_ZERO;
  bool good = true;

  text_add(&path, "tables/");
  text_add(&path, base);
  for (unsigned int i = 0; good && i < FILE_COUNT; i++) good = !access(path_of(&other, text_string(&path), files[i]), R_OK);
  good = good && !*generations_base(base, &other);
  if (good) {
    generation_open(g);
    text_copy(&g->base, base);
  }
  text_free(&path);
  text_free(&other);
  return good;
}

static void open_in(struct generation *g, const char *prefix)
{
  text_clear(&g->base);
  id_make(&g->id);
  text_clear(&g->folder);
  text_add_format(&g->folder, "tables/%s%s", prefix, text_string(&g->id));
  if (mkdir(text_string(&g->folder), 0755) == -1 || chmod(g->folder.s, 0755) == -1) die_unable("make the folder ", g->folder.s);
  g->policy = open_file(g, "policy");
  g->auth = open_file(g, "auth");
  g->relay = open_file(g, "relay");
  g->token = open_file(g, "token");
}

void generation_open(struct generation *g)
{
  remove_left_over("build.", "");
  open_in(g, "build.");
}

void generation_open_aside(struct generation *g) { open_in(g, "aside."); }

void generation_clean_aside(const char *id) { remove_left_over("aside.", id); }

/* Behind the other records, of which table:generation is the first (cdb_are_same). */
static void add_base(struct generation *g)
{
  struct cdb_write *const all[] = { g->policy, g->auth, g->relay, g->token };
  text record = TEXT_ZERO;

  g->changes = 0;
  record_add(&record, "id", text_string(&g->base));
  for (unsigned int i = 0; i < FILE_COUNT; i++) {
    g->changes += cdb_write_count(all[i]) - 1;
    cdb_write_add(all[i], "table", "base", &record);
  }
  text_free(&record);
}

static void close_file(struct cdb_write *w, const char *file, mode_t mode, gid_t group)
{
  if (!cdb_write_close(w, mode, group)) die_unable("write the table ", file);
}

static void close_secret(struct cdb_write *w, const char *file, gid_t group)
{
  close_file(w, file, group == (gid_t)-1 ? 0600 : 0640, group);
}

void generation_close(struct generation *g)
{
  if (g->base.len) add_base(g);
  close_file(g->policy, "policy", 0644, (gid_t)-1);
  close_secret(g->auth, "auth", g->auth_group);
  close_secret(g->relay, "relay", g->relay_group);
  close_secret(g->token, "token", g->token_group);
  if (!folder_sync(g->folder.s)) die_unable("sync the folder ", g->folder.s);
}

static bool is_same(const struct generation *g)
{
  text mine = TEXT_ZERO, current = TEXT_ZERO;
  bool same = true;

  if (g->base.len && !g->changes && text_is(&g->base, generations_current(&current))) {
    text_free(&current);
    return true;
  }
  for (unsigned int i = 0; same && i < FILE_COUNT; i++)
    same = cdb_are_same(path_of(&mine, g->folder.s, files[i]), path_of(&current, "tables/current", files[i]));
  text_free(&mine);
  text_free(&current);
  return same;
}

void generation_discard(struct generation *g)
{
  if (!generation_remove(g->folder.s)) die_unable("remove ", g->folder.s);
}

void generation_keep(struct generation *g)
{
  text final = TEXT_ZERO;

  text_add_format(&final, "tables/%s", text_string(&g->id));
  if (rename(g->folder.s, text_string(&final)) == -1) die_unable("call ", g->folder.s, " ", final.s);
  text_copy(&g->folder, final.s);
  text_string(&g->folder);
  text_free(&final);
}

enum generation_result generation_publish(struct generation *g)
{
  if (is_same(g)) {
    generation_discard(g);
    metrics_tables_checked();
    return GENERATION_SAME;
  }
  generation_keep(g);
  generations_switch(text_string(&g->id));
  metrics_tables_checked();
  return GENERATION_NEW;
}
