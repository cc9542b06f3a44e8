/* `reunion cellmap ...` without the rest of the gateway. */
#include <time.h>
#include "cellmap/cmd.h"

int main(int argc, char **argv)
{
	return cellmap_cmd(argc - 1, argv + 1, time(NULL));
}
