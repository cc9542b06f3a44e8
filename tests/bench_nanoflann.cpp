// nanoflann's k-d tree over the cells and circles that bench_cellmap dumped: unit vectors in single precision, the
// sphere's distance. Usage: bench_nanoflann FOLDER; prints microseconds.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <nanoflann.hpp>
#include <string>
#include <vector>

struct cloud {
	std::vector<float> v;
	size_t kdtree_get_point_count() const { return v.size() / 3; }
	float kdtree_get_pt(size_t i, size_t axis) const { return v[3 * i + axis]; }
	template <class box> bool kdtree_get_bbox(box &) const { return false; }
};

static cloud load(const std::string &path)
{
	cloud c;
	double at[2];
	FILE *f = fopen(path.c_str(), "rb");

	if (!f)
		exit(1);
	while (fread(at, sizeof(at), 1, f) == 1) {
		double lat = at[0] * M_PI / 180, lon = at[1] * M_PI / 180;

		c.v.push_back(float(cos(lat) * cos(lon)));
		c.v.push_back(float(cos(lat) * sin(lon)));
		c.v.push_back(float(sin(lat)));
	}
	fclose(f);
	return c;
}

int main(int, char **argv)
{
	cloud cells = load(std::string(argv[1]) + "/cells"), circles = load(std::string(argv[1]) + "/circles");
	nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<float, cloud>, cloud, 3> tree(
		3, cells, nanoflann::KDTreeSingleIndexAdaptorParams(16));
	const double chord = 2 * sin(100000.0 / 6371000 / 2);
	struct timespec a, b;
	size_t sum = 0, n = circles.v.size() / 3;

	tree.buildIndex();
	for (int pass = 0; pass < 2; pass++) {
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
		for (size_t i = 0; i < n; i++) {
			static std::vector<std::pair<size_t, float>> found;
			nanoflann::RadiusResultSet<float, size_t> set(float(chord * chord), found);

			tree.findNeighbors(set, &circles.v[3 * i], nanoflann::SearchParams(32, 0, false));
			sum += set.size();
		}
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	}
	printf("%.1f\n", (double(b.tv_sec - a.tv_sec) * 1e6 + double(b.tv_nsec - a.tv_nsec) / 1e3) / double(n));
	return sum == 0;
}
