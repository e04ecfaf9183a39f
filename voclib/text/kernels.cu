/* Neighbours by cosine (host code: nearest.py) and, where DIMS, SAMPLES and BLOCK are given, HDBSCAN* (host code: density.py).

   No barrier, no shuffle, no shared memory: run one thread after another, the kernels give the same answer. Atomics settle only the order
   in which candidates are stored, which no result shows: every choice among equals goes by index. */

typedef unsigned int u32;
typedef unsigned long long u64;
#define INF 0x7f800000u

/* ---- neighbours ---- */

/* Half floats as signed 16-bit keys in the order of the numbers; the map is its own inverse. */
__device__ inline int key16(int h) { return h ^ ((h >> 15) & 0x7fff); }

/* Gather, for the row of this block, the columns of a tile whose key passes the row's bar; four 16-byte reads are under way at a time. */
extern "C" __global__ void sift(const uint4* tile, int vectors, int first, int n, const int* bar, int* count, int* value, int* index, int cap)
{
    const int row = blockIdx.x, t = bar[row];
    const uint4* p = tile + (u64)row * vectors;
    for (int v0 = threadIdx.x; v0 < vectors; v0 += 4 * blockDim.x) {
        uint4 q[4];
        for (int j = 0; j < 4; ++j)
            if (v0 + j * (int)blockDim.x < vectors) q[j] = p[v0 + j * (int)blockDim.x];
        for (int j = 0; j < 4; ++j) {
            const int v = v0 + j * (int)blockDim.x;
            if (v >= vectors) break;
            const u32 w[4] = {q[j].x, q[j].y, q[j].z, q[j].w};
            for (int c = 0; c < 8; ++c) {
                const int k = key16((int)(short)((c & 1) ? w[c >> 1] >> 16 : w[c >> 1] & 0xffffu));
                if (k > t) {
                    const int column = first + 8 * v + c;
                    if (column < n) {
                        const int at = atomicAdd(count + row, 1);
                        if (at < cap) { value[(u64)row * cap + at] = k; index[(u64)row * cap + at] = column; }
                    }
                }
            }
        }
    }
}

/* The best `keep` of what a row has gathered, best first, ties by index; the worst of them is the new bar. */
extern "C" __global__ void keep_best(const int* count, const int* value, const int* index, int* count2, int* value2, int* index2, int* bar, int* lost,
                                     int cap, int keep)
{
    const int row = blockIdx.x, all = count[row], m = all < cap ? all : cap;
    const int *v = value + (u64)row * cap, *x = index + (u64)row * cap;
    for (int e = threadIdx.x; e < m; e += blockDim.x) {
        int rank = 0;
        const int ve = v[e], xe = x[e];
        for (int o = 0; o < m; ++o) rank += v[o] > ve || (v[o] == ve && x[o] < xe);
        if (rank < keep) {
            value2[(u64)row * cap + rank] = ve;
            index2[(u64)row * cap + rank] = xe;
            if (rank == keep - 1) bar[row] = ve;
        }
    }
    if (threadIdx.x == 0) {
        count2[row] = m < keep ? m : keep;
        if (all > cap) lost[row] = 1;
    }
}

/* Half the squared distance to every candidate, in single precision; the row itself gets -1. */
extern "C" __global__ void rerank(const float4* x, int quads, const int* shuffle, int row0, int rows, const int* count, const int* index, int cap, int keep,
                                  float* distance, int* original)
{
    const int t = blockIdx.x * blockDim.x + threadIdx.x, r = t / keep, e = t % keep;
    if (r >= rows) return;
    const u64 at = (u64)r * keep + e;
    if (e >= count[r]) { distance[at] = 3e38f; original[at] = -1; return; }
    const int other = shuffle[index[(u64)r * cap + e]];
    original[at] = other;
    if (other == row0 + r) { distance[at] = -1.0f; return; }
    const float4 *a = x + (u64)(row0 + r) * quads, *b = x + (u64)other * quads;
    float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (int q = 0; q < quads; ++q) {
        const float4 u = a[q], w = b[q];
        s0 += (u.x - w.x) * (u.x - w.x);
        s1 += (u.y - w.y) * (u.y - w.y);
        s2 += (u.z - w.z) * (u.z - w.z);
        s3 += (u.w - w.w) * (u.w - w.w);
    }
    distance[at] = 0.5f * ((s0 + s1) + (s2 + s3));
}

/* The k nearest of a row's candidates, nearest first, ties by index. */
extern "C" __global__ void order(const float* distance, const int* original, int row0, int rows, int keep, int k, int* index, float* out)
{
    const int t = blockIdx.x * blockDim.x + threadIdx.x, r = t / keep, e = t % keep;
    if (r >= rows) return;
    const float *d = distance + (u64)r * keep;
    const int *o = original + (u64)r * keep;
    int rank = 0;
    for (int j = 0; j < keep; ++j) rank += d[j] < d[e] || (d[j] == d[e] && (o[j] < o[e] || (o[j] == o[e] && j < e)));
    if (rank < k) {
        index[(u64)(row0 + r) * k + rank] = o[e];
        out[(u64)(row0 + r) * k + rank] = d[e] < 0 ? 0 : d[e];
    }
}

#ifdef DIMS
/* ---- HDBSCAN*: core distances and the minimum spanning tree of mutual reachability, squared throughout ---- */

/* From a point to a box. Differences first, squares after: |a|^2 + |b|^2 - 2ab would lose what is small beside the coordinates. */
__device__ inline float gap2(const float* p, const float* lo, const float* hi)
{
    float s = 0;
    for (int a = 0; a < DIMS; ++a) {
        const float under = lo[a] - p[a], over = p[a] - hi[a];
        const float g = under > 0 ? under : (over > 0 ? over : 0.0f);
        s += g * g;
    }
    return s * 0.999999f; /* a fused multiply-add here and none in apart2 must not hide a point */
}

__device__ inline float apart2(const float* p, const float* q)
{
    float s = 0;
    for (int a = 0; a < DIMS; ++a) { const float g = p[a] - q[a]; s += g * g; }
    return s;
}

/* 0, 1, -1, 2, -2, ... from the start: near boxes first, so that the bound is tight early. */
__device__ inline int outward(int start, int step) { return (step & 1) ? start + (step + 1) / 2 : start - step / 2; }

/* Distance to the SAMPLES-th nearest other point. */
extern "C" __global__ void core(const float* x, int n, const float* blo, const float* bhi, int blocks, const float* slo, const float* shi, int supers, float* core2)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    float p[DIMS], best[SAMPLES];
    for (int a = 0; a < DIMS; ++a) p[a] = x[(u64)i * DIMS + a];
    for (int j = 0; j < SAMPLES; ++j) best[j] = 3e38f;
    const int home = i / (BLOCK * BLOCK);
    for (int step = 0; step <= 2 * supers; ++step) {
        const int s = outward(home, step);
        if (s < 0 || s >= supers || gap2(p, slo + s * DIMS, shi + s * DIMS) > best[SAMPLES - 1]) continue;
        const int last = (s + 1) * BLOCK < blocks ? (s + 1) * BLOCK : blocks;
        for (int b = s * BLOCK; b < last; ++b) {
            if (gap2(p, blo + b * DIMS, bhi + b * DIMS) > best[SAMPLES - 1]) continue;
            const int end = (b + 1) * BLOCK < n ? (b + 1) * BLOCK : n;
            for (int j = b * BLOCK; j < end; ++j) {
                float d = apart2(p, x + (u64)j * DIMS);
                if (j != i && d < best[SAMPLES - 1]) {
                    best[SAMPLES - 1] = d;
#pragma unroll
                    for (int m = SAMPLES - 1; m > 0; --m)
                        if (best[m] < best[m - 1]) { const float swap = best[m]; best[m] = best[m - 1]; best[m - 1] = swap; }
                }
            }
        }
    }
    core2[i] = best[SAMPLES - 1];
}

/* For every `stride`-th point the lightest edge out of its component, ties by the pair of ends. */
extern "C" __global__ void reach(const float* x, int n, int stride, const float* core2, const int* comp, const float* blo, const float* bhi, const float* bcore,
                                 const int* bcomp, int blocks, const float* slo, const float* shi, const float* score, const int* scomp, int supers,
                                 u32* best, u32* weight, u64* pair)
{
    const int i = (blockIdx.x * blockDim.x + threadIdx.x) * stride;
    if (i >= n) return;
    const int c = comp[i];
    const float ci = core2[i];
    float bound = __uint_as_float(((volatile u32*)best)[c]), w = __uint_as_float(INF);
    u64 key = ~0ull;
    if (ci <= bound) {
        float p[DIMS];
        for (int a = 0; a < DIMS; ++a) p[a] = x[(u64)i * DIMS + a];
        const int home = i / (BLOCK * BLOCK);
        for (int step = 0; step <= 2 * supers; ++step) {
            const int s = outward(home, step);
            if (s < 0 || s >= supers || scomp[s] == c || score[s] > bound || gap2(p, slo + s * DIMS, shi + s * DIMS) > bound) continue;
            const int last = (s + 1) * BLOCK < blocks ? (s + 1) * BLOCK : blocks;
            for (int b = s * BLOCK; b < last; ++b) {
                if (bcomp[b] == c || bcore[b] > bound || gap2(p, blo + b * DIMS, bhi + b * DIMS) > bound) continue;
                const int end = (b + 1) * BLOCK < n ? (b + 1) * BLOCK : n;
                for (int j = b * BLOCK; j < end; ++j) {
                    if (comp[j] == c) continue;
                    float m = apart2(p, x + (u64)j * DIMS);
                    m = m > ci ? m : ci;
                    m = m > core2[j] ? m : core2[j];
                    if (m > w) continue;
                    const u64 k = i < j ? ((u64)i << 32) | (u32)j : ((u64)j << 32) | (u32)i;
                    if (m < w || k < key) { w = m; key = k; }
                }
                if (w < bound) atomicMin(best + c, __float_as_uint(w));
                const float now = __uint_as_float(((volatile u32*)best)[c]);
                bound = now < w ? now : w;
            }
        }
    }
    weight[i] = __float_as_uint(w);
    pair[i] = key;
}

/* Of the lightest edges that points of a component found, the one whose ends come first. */
extern "C" __global__ void pick(int n, const int* comp, const u32* best, const u32* weight, const u64* pair, u64* edge)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && weight[i] != INF && weight[i] == best[comp[i]]) atomicMin(edge + comp[i], pair[i]);
}

/* Every component points to the one at the other end of its edge. */
extern "C" __global__ void hook(int n, const int* comp, const u64* edge, int* parent)
{
    const int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= n) return;
    int p = c;
    if (comp[c] == c && edge[c] != ~0ull) {
        const int a = (int)(edge[c] >> 32), b = (int)(edge[c] & 0xffffffffull);
        p = comp[a] == c ? comp[b] : comp[a];
    }
    parent[c] = p;
}

/* Two components that chose one another chose one edge: the lower stays a root. Every other root brings its edge into the tree. */
extern "C" __global__ void join(int n, const int* parent, const u64* edge, const u32* best, int* parent2, int* made, u64* tree, u32* length)
{
    const int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= n) return;
    int p = parent[c];
    if (p != c && parent[p] == c && c < p) p = c;
    parent2[c] = p;
    if (p != c) { const int at = atomicAdd(made, 1); tree[at] = edge[c]; length[at] = best[c]; }
}

/* Points learn the root of their component. */
extern "C" __global__ void jump(int n, const int* comp, const int* parent, int* comp2)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int c = comp[i];
    for (int steps = 0; steps < 100000 && parent[c] != c; ++steps) c = parent[c]; /* an end even if ever there were a ring */
    comp2[i] = c;
}
#endif
