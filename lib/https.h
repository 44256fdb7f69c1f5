/* https: what every transfer over HTTPS has in common, which is little that a browser does: no redirect, proxy, cookie, password, cache, other
   protocol or compression; TLS 1.2 or 1.3. Uses libcurl. Names are looked up by the caller (lib/dns): libcurl would do it in a thread, which
   a session may not start. */

#ifndef LIB_HTTPS_H
#define LIB_HTTPS_H

#include <curl/curl.h>

#include "lib/text.h"

void https_start(void); /* once, before the sandbox is entered and processes are forked: loads what a transfer needs */

struct https {
  const char *url;
  struct curl_slist *addresses;               /* as CURLOPT_RESOLVE wants them */
  long seconds, connect_seconds;
  size_t (*take_body)(char *bytes, size_t size, size_t count, void *data);
  size_t (*take_header)(char *bytes, size_t size, size_t count, void *data);
  void *data;                                 /* of both */
  char *error;                                /* CURL_ERROR_SIZE bytes */
};
bool https_set(CURL *curl, const struct https *h); /* the certificate has to be right */

/* control/NAME, or the system's: a PEM file, or a folder of c_rehash's names. False: it cannot be read; path says which. */
bool https_set_authorities(CURL *curl, const char *name, text *path);

#endif
