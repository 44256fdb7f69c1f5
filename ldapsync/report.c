#include "ldapsync/report.h"

bool report_is_quiet = false;
