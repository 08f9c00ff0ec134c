"""Fewer triangles, the same outline: quadric edge collapse onto vertices that are kept where they are.

Garland and Heckbert, "Surface Simplification Using Quadric Error Metrics", SIGGRAPH 1997. A collapsed edge ends at one
of its own two vertices, so that what is left is a subset, and shapes and skin weights stay valid.
"""

import heapq
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

RIM = 30.0
"""How much more the edge of a garment counts than its surface."""
MAX_FACES = 64
"""Faces that may meet in one vertex."""


def reduce(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int64],
    count: int,
    importance: NDArray[np.float64] | None = None,
) -> NDArray[np.int64]:
    """About `count` triangles out of (F, 3), over the same vertices; `importance` (V,) multiplies their error."""
    if len(triangles) <= count:
        return triangles
    weight = np.ones(len(vertices)) if importance is None else importance
    quadrics = _quadrics(vertices, triangles, weight)
    kept: NDArray[np.int64] = _collapse(vertices, triangles.copy(), quadrics, _rim(triangles, len(vertices)), count)
    return kept


def _quadrics(
    vertices: NDArray[np.float64], triangles: NDArray[np.int64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    area = np.linalg.norm(normal, axis=1)
    unit = normal / np.maximum(area, 1e-12)[:, None]
    quadrics = np.zeros((len(vertices), 4, 4))
    _add(quadrics, triangles, unit, a, area)
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    _, first, counts = np.unique(edges, axis=0, return_index=True, return_counts=True)
    lone = first[counts == 1]
    ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])[lone]
    along = vertices[ends[:, 1]] - vertices[ends[:, 0]]
    wall = np.cross(along, unit[lone % len(triangles)])
    length = np.linalg.norm(wall, axis=1)
    wall /= np.maximum(length, 1e-12)[:, None]
    _add(quadrics, ends, wall, vertices[ends[:, 0]], RIM * length**2)
    return quadrics * weight[:, None, None]


def _add(
    quadrics: NDArray[np.float64],
    corners: NDArray[np.int64],
    normal: NDArray[np.float64],
    point: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> None:
    plane = np.concatenate([normal, -(normal * point).sum(axis=1, keepdims=True)], axis=1)
    squares = plane[:, :, None] * plane[:, None, :] * weight[:, None, None]
    for corner in corners.T:
        np.add.at(quadrics, corner, squares)


def _rim(triangles: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    unique, counts = np.unique(edges, axis=0, return_counts=True)
    rim = np.zeros(count, np.bool_)
    rim[unique[counts == 1]] = True
    return rim


@numba.njit(cache=True)
def _cost(quadrics: Any, vertices: Any, gone: int, kept: int) -> float:
    total = 0.0
    for row in range(4):
        left = vertices[kept, row] if row < 3 else 1.0
        for column in range(4):
            right = vertices[kept, column] if column < 3 else 1.0
            total += (quadrics[gone, row, column] + quadrics[kept, row, column]) * left * right
    span = 0.0
    for axis in range(3):
        span += (vertices[gone, axis] - vertices[kept, axis]) ** 2
    # Among equals the short edge goes first: flat cloth stays evenly cut.
    return max(total, 0.0) + 1e-9 * span


@numba.njit(cache=True)
def _turns_over(vertices: Any, face: Any, gone: int, kept: int) -> bool:
    before, after = np.empty((3, 3)), np.empty((3, 3))
    for corner in range(3):
        before[corner] = vertices[face[corner]]
        after[corner] = vertices[kept if face[corner] == gone else face[corner]]
    old = np.cross(before[1] - before[0], before[2] - before[0])
    new = np.cross(after[1] - after[0], after[2] - after[0])
    longest = 0.0
    for corner in range(3):
        edge = after[corner] - after[(corner + 1) % 3]
        longest = max(longest, np.dot(edge, edge))
    size = np.sqrt(np.dot(new, new))
    return bool(np.dot(old, new) < 0.3 * np.sqrt(np.dot(old, old)) * size or size < 0.03 * longest)


@numba.njit(cache=True)
def _collapse(vertices: Any, faces: Any, quadrics: Any, rim: Any, count: int) -> Any:
    size = len(vertices)
    around = np.full((size, MAX_FACES), -1, np.int64)
    degree = np.zeros(size, np.int64)
    for face in range(len(faces)):
        for corner in range(3):
            vertex = faces[face, corner]
            around[vertex, degree[vertex]] = face
            degree[vertex] += 1
    stamp = np.zeros(size, np.int64)
    alive = np.ones(len(faces), np.bool_)
    queue = [(0.0, 0, 0, 0, 0)]
    queue.pop()
    for face in range(len(faces)):
        for corner in range(3):
            a, b = faces[face, corner], faces[face, (corner + 1) % 3]
            heapq.heappush(queue, (_cost(quadrics, vertices, a, b), a, b, 0, 0))
            heapq.heappush(queue, (_cost(quadrics, vertices, b, a), b, a, 0, 0))
    left = len(faces)
    mark = np.full(size, -1, np.int64)
    turn = 0
    while left > count and len(queue) > 0:
        _, gone, kept, gone_stamp, kept_stamp = heapq.heappop(queue)
        if stamp[gone] != gone_stamp or stamp[kept] != kept_stamp or stamp[gone] < 0:
            continue
        shared = 0
        for place in range(degree[gone]):
            face = around[gone, place]
            if faces[face, 0] == kept or faces[face, 1] == kept or faces[face, 2] == kept:
                shared += 1
        if shared == 0 or (rim[gone] and not (rim[kept] and shared == 1)) or degree[kept] + degree[gone] > MAX_FACES:
            continue
        turn += 1
        for place in range(degree[gone]):
            for corner in range(3):
                mark[faces[around[gone, place], corner]] = turn
        mark[gone] = -1
        mark[kept] = -1
        common = 0
        for place in range(degree[kept]):
            for corner in range(3):
                vertex = faces[around[kept, place], corner]
                if mark[vertex] == turn:
                    common += 1
                    mark[vertex] = -1
        if common > shared:
            continue
        spoilt = False
        for place in range(degree[gone]):
            face = around[gone, place]
            if faces[face, 0] == kept or faces[face, 1] == kept or faces[face, 2] == kept:
                continue
            if _turns_over(vertices, faces[face], gone, kept):
                spoilt = True
                break
        if spoilt:
            continue
        for place in range(degree[gone]):
            face = around[gone, place]
            if faces[face, 0] == kept or faces[face, 1] == kept or faces[face, 2] == kept:
                alive[face] = False
                left -= 1
                for corner in range(3):
                    vertex = faces[face, corner]
                    if vertex != gone:
                        for slot in range(degree[vertex]):
                            if around[vertex, slot] == face:
                                degree[vertex] -= 1
                                around[vertex, slot] = around[vertex, degree[vertex]]
                                break
            else:
                for corner in range(3):
                    if faces[face, corner] == gone:
                        faces[face, corner] = kept
                around[kept, degree[kept]] = face
                degree[kept] += 1
        stamp[gone] = -1
        quadrics[kept] += quadrics[gone]
        stamp[kept] += 1
        for place in range(degree[kept]):
            for corner in range(3):
                other = faces[around[kept, place], corner]
                if other != kept:
                    cost = _cost(quadrics, vertices, kept, other)
                    heapq.heappush(queue, (cost, kept, other, stamp[kept], stamp[other]))
                    cost = _cost(quadrics, vertices, other, kept)
                    heapq.heappush(queue, (cost, other, kept, stamp[other], stamp[kept]))
    return faces[alive]
