#include "lib/https.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/die.h"

#define SYSTEM_AUTHORITIES "/etc/ssl/certs"
#define SET(option, value) (good = curl_easy_setopt(curl, option, value) == CURLE_OK && good)

void https_start(void)
{
  if (curl_global_init(CURL_GLOBAL_DEFAULT)) die_temporary("libcurl cannot be started");
}

bool https_set(CURL *curl, const struct https *h)
{
  bool good = true;

  SET(CURLOPT_URL, h->url);
  SET(CURLOPT_RESOLVE, h->addresses);
  SET(CURLOPT_PROTOCOLS_STR, "https");
  SET(CURLOPT_FOLLOWLOCATION, 0L);
  SET(CURLOPT_PROXY, "");
  SET(CURLOPT_NOPROXY, "*");
  SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  SET(CURLOPT_USERAGENT, "postroom");
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_TIMEOUT, h->seconds);
  SET(CURLOPT_CONNECTTIMEOUT, h->connect_seconds);
  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_SSL_VERIFYPEER, 1L);
  SET(CURLOPT_SSL_VERIFYHOST, 2L);
  SET(CURLOPT_WRITEFUNCTION, h->take_body);
  SET(CURLOPT_WRITEDATA, h->data);
  SET(CURLOPT_HEADERFUNCTION, h->take_header);
  SET(CURLOPT_HEADERDATA, h->data);
  SET(CURLOPT_ERRORBUFFER, h->error);
  return good;
}

bool https_set_authorities(CURL *curl, const char *name, text *path)
{
  struct stat status;
  bool good = true;

  conf_value(name, path, SYSTEM_AUTHORITIES);
  if (stat(text_string(path), &status) == -1 || access(path->s, R_OK) == -1) return false;
  errno = 0;
  SET(CURLOPT_CAINFO, S_ISDIR(status.st_mode) ? (char *)0 : path->s);
  SET(CURLOPT_CAPATH, S_ISDIR(status.st_mode) ? path->s : (char *)0);
  return good;
}
