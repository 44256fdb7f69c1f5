/* block-log: a disk in memory that remembers every write and every flush, so that a power cut can be replayed.

   block-log LOG BYTES MOUNTPOINT. Shows one file, MOUNTPOINT/disk, of so many bytes (FUSE, in the foreground). Appends to
   LOG a head of three 64-bit numbers for each event: 'W', offset, length, and then the bytes; or 'F', 0, 0. LOG is
   written out at every flush, so its size, read after an acknowledgement, lies behind the flush that the acknowledgement
   stands on. A loop device on the file turns the file system's barriers into flushes (platform.md 8). */

#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char *disk;
static size_t disk_size;
static FILE *events;

static void note(uint64_t kind, uint64_t offset, uint64_t length, const char *bytes)
{
  uint64_t head[3] = { kind, offset, length };

  if (fwrite(head, sizeof head, 1, events) != 1 || (length && fwrite(bytes, length, 1, events) != 1)) abort();
}

static int get_attributes(const char *path, struct stat *status, struct fuse_file_info *info)
{
  (void)info;
  memset(status, 0, sizeof *status);
  if (!strcmp(path, "/")) {
    status->st_mode = S_IFDIR | 0700;
    status->st_nlink = 2;
    return 0;
  }
  if (strcmp(path, "/disk")) return -ENOENT;
  status->st_mode = S_IFREG | 0600;
  status->st_nlink = 1;
  status->st_size = (off_t)disk_size;
  return 0;
}

static int open_disk(const char *path, struct fuse_file_info *info)
{
  info->direct_io = 1;
  return strcmp(path, "/disk") ? -ENOENT : 0;
}

static int read_disk(const char *path, char *bytes, size_t length, off_t offset, struct fuse_file_info *info)
{
  (void)path, (void)info;
  if ((size_t)offset >= disk_size) return 0;
  if (length > disk_size - (size_t)offset) length = disk_size - (size_t)offset;
  memcpy(bytes, disk + offset, length);
  return (int)length;
}

static int write_disk(const char *path, const char *bytes, size_t length, off_t offset, struct fuse_file_info *info)
{
  (void)path, (void)info;
  if ((size_t)offset > disk_size || length > disk_size - (size_t)offset) return -ENOSPC;
  memcpy(disk + offset, bytes, length);
  note('W', (uint64_t)offset, length, bytes);
  return (int)length;
}

static int flush_disk(const char *path, int data_only, struct fuse_file_info *info)
{
  (void)path, (void)data_only, (void)info;
  note('F', 0, 0, 0);
  return fflush(events) ? -EIO : 0;
}

int main(int argc, char **argv)
{
  static const struct fuse_operations operations = {
    .getattr = get_attributes, .open = open_disk, .read = read_disk, .write = write_disk, .fsync = flush_disk,
  };

  if (argc != 4) {
    fputs("usage: block-log LOG BYTES MOUNTPOINT\n", stderr);
    return 100;
  }
  disk_size = strtoull(argv[2], 0, 10);
  disk = calloc(1, disk_size);
  events = fopen(argv[1], "wb");
  if (!disk || !events) {
    perror("block-log");
    return 111;
  }
  char *fuse_argv[] = { argv[0], "-f", "-s", argv[3], 0 };
  return fuse_main(4, fuse_argv, &operations, 0);
}
