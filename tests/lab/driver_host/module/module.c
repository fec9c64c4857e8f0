#include <linux/module.h>
static bool modeset;
module_param(modeset, bool, 0444);
MODULE_LICENSE("@LICENCE@");
MODULE_VERSION("@VERSION@");
