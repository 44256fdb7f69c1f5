#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/die.h"
#include "lib/id.h"
#include "lib/text.h"
#include "queue/list.h"

static void add(struct queue_list *l, const char *id)
{
  if (!(l->count & (l->count - 1))) { /* 0, 1, 2, 4, 8...: room for twice as many */
    l->ids = realloc(l->ids, (l->count ? l->count * 2 : 1) * sizeof *l->ids);
    if (!l->ids) die_nomem();
  }
  l->ids[l->count++] = string_duplicate(id);
}

static void read_folder(struct queue_list *l, const char *path)
{
  DIR *folder = opendir(path);

  if (!folder) die_unable("open the folder ", path);
  for (struct dirent *entry; (entry = readdir(folder));)
    if (id_check(entry->d_name)) add(l, entry->d_name);
  closedir(folder);
}

static void read_cur(struct queue_list *l)
{
  DIR *cur = opendir("queue/cur");
  text path = TEXT_ZERO;

  if (!cur) die_unable("open the folder queue/cur");
  for (struct dirent *entry; (entry = readdir(cur));) {
    if (entry->d_name[0] == '.') continue;
    text_copy(&path, "queue/cur/");
    text_add(&path, entry->d_name);
    read_folder(l, text_string(&path));
  }
  closedir(cur);
  text_free(&path);
}

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* A message that is moved from new to cur meanwhile is listed twice: once is enough. */
static void leave_out_twins(struct queue_list *l)
{
  size_t kept = 0;

  for (size_t i = 0; i < l->count; i++)
    if (kept && !strcmp(l->ids[kept - 1], l->ids[i]))
      free(l->ids[i]);
    else
      l->ids[kept++] = l->ids[i];
  l->count = kept;
}

void queue_list_read(struct queue_list *l)
{
  read_folder(l, "queue/new"); /* first: what is moved meanwhile is found in cur */
  read_cur(l);
  if (l->count) qsort(l->ids, l->count, sizeof *l->ids, compare);
  leave_out_twins(l);
}
