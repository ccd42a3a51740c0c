// Computes a network, and what is said of it, in the page: plain loops over plain arrays, an example at a time.
// What there is to compute is written by reparam/exploring/layers.py and parts.py; sums are made in float64.
const Engine = (() => {
  "use strict";

  const count = (shape) => shape.reduce((product, side) => product * side, 1);
  const tensor = (data, shape) => ({ data, shape });
  const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

  // 1 - erf(x), to 1.2e-7 of itself everywhere (Press et al. 1992, section 6.2)
  const erfc = (x) => {
    const t = 1 / (1 + 0.5 * Math.abs(x));
    const terms = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
      -0.82215223, 0.17087277];
    const found = t * Math.exp(-x * x + terms.reduceRight((sum, term) => sum * t + term, 0));
    return x >= 0 ? found : 2 - found;
  };

  const EACH = {
    relu: () => (x) => Math.max(x, 0),
    leaky: (slope) => (x) => (x > 0 ? x : slope * x),
    silu: () => (x) => x * sigmoid(x),
    gelu: () => (x) => 0.5 * x * erfc(-x * Math.SQRT1_2),
    gelu_tanh: () => (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    elu: (alpha) => (x) => (x > 0 ? x : alpha * Math.expm1(x)),
    celu: (alpha) => (x) => (x > 0 ? x : alpha * Math.expm1(x / alpha)),
    selu: () => (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
    mish: () => (x) => x * Math.tanh(softplus(x)),
    tanh: () => Math.tanh,
    sigmoid: () => sigmoid,
    log_sigmoid: () => (x) => -softplus(-x),
    softplus: (beta, threshold) => (x) => (x * beta > threshold ? x : softplus(x * beta) / beta),
    softsign: () => (x) => x / (1 + Math.abs(x)),
    clip: (low, high) => (x) => Math.min(Math.max(x, low), high),
  };

  // y += weight * x along a row of each: what convolutions spend their time on
  const addRow = (y, to, step, x, from, stride, weight, n) => {
    for (let i = 0; i < n; i++) y[to + i * step] += weight * x[from + i * stride];
  };

  // Where a row of inputs and a row of outputs overlap: the first output, and how many.
  const overlap = (inputs, outputs, stride, offset) => {
    const first = Math.max(0, Math.ceil(-offset / stride));
    const last = Math.min(outputs - 1, Math.floor((inputs - 1 - offset) / stride));
    return [first, last - first + 1];
  };

  // Both convolutions walk the same pairs of a small and a large image: large place = small place * stride + offset.
  const walk = (o, small, large, kernel, each) => {
    const [kh, kw] = kernel, [sy, sx] = o.stride, [py, px] = o.padding, [dy, dx] = o.dilation;
    for (let ky = 0; ky < kh; ky++) {
      for (let kx = 0; kx < kw; kx++) {
        const top = ky * dy - py, left = kx * dx - px;
        const [y0, rows] = overlap(large[0], small[0], sy, top);
        const [x0, columns] = overlap(large[1], small[1], sx, left);
        if (columns > 0) {
          for (let y = y0; y < y0 + rows; y++) each(ky * kw + kx, y, x0, y * sy + top, x0 * sx + left, columns, sx);
        }
      }
    }
  };

  const startFrom = (bias, size) => {
    const y = new Float64Array(count(size)), plane = size[1] * size[2];
    if (bias) for (let c = 0; c < size[0]; c++) y.fill(bias[c], c * plane, (c + 1) * plane);
    return y;
  };

  const OPERATIONS = {
    linear: (o, x) => {
      const [outputs, inputs] = o.weight.shape, w = o.weight.data, many = x.data.length / inputs;
      const y = new Float64Array(many * outputs);
      for (let row = 0; row < many; row++) {
        for (let j = 0; j < outputs; j++) {
          let sum = o.bias ? o.bias.data[j] : 0;
          for (let i = 0, k = j * inputs, at = row * inputs; i < inputs; i++) sum += w[k + i] * x.data[at + i];
          y[row * outputs + j] = sum;
        }
      }
      return tensor(y, [...x.shape.slice(0, -1), outputs]);
    },
    conv: (o, x) => {
      const [channels, ih, iw] = x.shape, [outputs, oh, ow] = o.size, [, per, ...kernel] = o.weight.shape;
      const y = startFrom(o.bias && o.bias.data, o.size), area = kernel[0] * kernel[1], w = o.weight.data;
      for (let c = 0; c < outputs; c++) {
        const group = Math.floor((c * o.groups) / outputs);
        for (let i = 0; i < per; i++) {
          const from = (group * (channels / o.groups) + i) * ih * iw, to = c * oh * ow, at = (c * per + i) * area;
          walk(o, [oh, ow], [ih, iw], kernel, (k, sy, sx, ly, lx, n, stride) =>
            addRow(y, to + sy * ow + sx, 1, x.data, from + ly * iw + lx, stride, w[at + k], n));
        }
      }
      return tensor(y, o.size);
    },
    up: (o, x) => {
      const [channels, ih, iw] = x.shape, [outputs, oh, ow] = o.size, [, per, ...kernel] = o.weight.shape;
      const y = startFrom(o.bias && o.bias.data, o.size), area = kernel[0] * kernel[1], w = o.weight.data;
      for (let c = 0; c < channels; c++) {
        const group = Math.floor((c * o.groups) / channels);
        for (let i = 0; i < per; i++) {
          const from = c * ih * iw, to = (group * (outputs / o.groups) + i) * oh * ow, at = (c * per + i) * area;
          walk(o, [ih, iw], [oh, ow], kernel, (k, sy, sx, ly, lx, n, stride) =>
            addRow(y, to + ly * ow + lx, stride, x.data, from + sy * iw + sx, 1, w[at + k], n));
        }
      }
      return tensor(y, o.size);
    },
    channels: (o, x) => {
      const plane = count(x.shape.slice(1)), { scale, shift } = o;
      return tensor(x.data.map((v, i) => v * scale.data[Math.floor(i / plane)] + shift.data[Math.floor(i / plane)]), x.shape);
    },
    norm: (o, x) => {
      const y = Float64Array.from(x.data), size = y.length / o.groups, plane = count(x.shape.slice(1));
      for (let g = 0; g < o.groups; g++) {
        const part = y.subarray(g * size, (g + 1) * size);
        const mean = part.reduce((sum, v) => sum + v, 0) / size;
        const scale = 1 / Math.sqrt(part.reduce((sum, v) => sum + (v - mean) ** 2, 0) / size + o.eps);
        part.forEach((v, i) => { part[i] = (v - mean) * scale; });
      }
      const own = (i) => (o.by_channel ? Math.floor(i / plane) : i % size);
      return tensor(y.map((v, i) => v * (o.weight ? o.weight.data[own(i)] : 1) + (o.bias ? o.bias.data[own(i)] : 0)), x.shape);
    },
    largest: (o, x) => pooled(o, x, (values) => values.reduce((a, b) => Math.max(a, b), -Infinity)),
    average: (o, x) => pooled(o, x, (values, whole) =>
      values.reduce((a, b) => a + b, 0) / (o.counted ? whole : values.length)),
    adaptive: (o, x) => {
      const [, ih, iw] = x.shape, [, oh, ow] = o.size;
      const from = (i, n, m) => Math.floor((i * n) / m), to = (i, n, m) => Math.ceil(((i + 1) * n) / m);
      return filled(o.size, (c, i, j) => {
        let sum = 0, many = 0;
        for (let y = from(i, ih, oh); y < to(i, ih, oh); y++) {
          for (let u = from(j, iw, ow); u < to(j, iw, ow); u++, many++) sum += x.data[(c * ih + y) * iw + u];
        }
        return sum / many;
      });
    },
    nearest: (o, x) => {
      const [, ih, iw] = x.shape, [, oh, ow] = o.size;
      return filled(o.size, (c, i, j) => x.data[(c * ih + Math.floor((i * ih) / oh)) * iw + Math.floor((j * iw) / ow)]);
    },
    bilinear: (o, x) => {
      const [, ih, iw] = x.shape, [, oh, ow] = o.size;
      const place = (i, n, m) => (o.corners ? (m > 1 ? (i * (n - 1)) / (m - 1) : 0) : Math.max(0, ((i + 0.5) * n) / m - 0.5));
      return filled(o.size, (c, i, j) => {
        const y = place(i, ih, oh), u = place(j, iw, ow), top = Math.floor(y), left = Math.floor(u);
        const at = (a, b) => x.data[(c * ih + Math.min(a, ih - 1)) * iw + Math.min(b, iw - 1)];
        const row = (a) => at(a, left) * (1 - u + left) + at(a, left + 1) * (u - left);
        return row(top) * (1 - y + top) + row(top + 1) * (y - top);
      });
    },
    shuffle: (o, x) => {
      const [channels, ih, iw] = x.shape, r = o.by;
      return filled([channels / (r * r), ih * r, iw * r], (c, i, j) =>
        x.data[((c * r * r + (i % r) * r + (j % r)) * ih + Math.floor(i / r)) * iw + Math.floor(j / r)]);
    },
    reshape: (o, x) => tensor(x.data, o.size),
    each: (o, x) => tensor(x.data.map(EACH[o.of](...o.by)), x.shape),
    affine: (o, x) => tensor(x.data.map((v, i) => v * o.scale.data[i] + o.shift.data[i]), x.shape),
    ranged: (o, x) => tensor(x.data.map((v) => o.low + (o.high - o.low) * sigmoid(v)), x.shape),
    fourier: (o, x) => {
      const [inputs, features] = o.frequencies.shape, w = o.frequencies.data;
      const angles = Array.from({ length: features }, (_, j) =>
        x.data.reduce((sum, v, i) => sum + v * w[i * features + j], 0));
      return tensor(Float64Array.from([...x.data, ...angles.map(Math.sin), ...angles.map(Math.cos)]), [inputs + 2 * features]);
    },
    residual: (o, x, told) => {
      const change = run(o.inside, x, told);
      return tensor(x.data.map((v, i) => v + change.data[i]), x.shape);
    },
    // a class, one-hot: numbers behind a vector, channels behind those of an image
    told: (o, x, told) => {
      const plane = count(x.shape.slice(1)), y = new Float64Array(x.data.length + o.classes * plane);
      y.set(x.data);
      y.fill(1, x.data.length + told.label * plane, x.data.length + (told.label + 1) * plane);
      return tensor(y, [x.shape[0] + o.classes, ...x.shape.slice(1)]);
    },
    // noise behind a vector: zeros unless it is given
    joined: (o, x, told) => {
      const y = new Float64Array(x.data.length + o.width);
      y.set(x.data);
      if (told.noise) y.set(told.noise, x.data.length);
      return tensor(y, [y.length]);
    },
  };

  const filled = (size, value) => {
    const [channels, height, width] = size, y = new Float64Array(count(size));
    for (let c = 0, at = 0; c < channels; c++) {
      for (let i = 0; i < height; i++) for (let j = 0; j < width; j++) y[at++] = value(c, i, j);
    }
    return tensor(y, size);
  };

  const pooled = (o, x, of) => {
    const [, ih, iw] = x.shape, [kh, kw] = o.kernel, [sy, sx] = o.stride, [py, px] = o.padding;
    return filled(o.size, (c, i, j) => {
      const values = [];
      for (let y = Math.max(0, i * sy - py); y < Math.min(ih, i * sy - py + kh); y++) {
        for (let u = Math.max(0, j * sx - px); u < Math.min(iw, j * sx - px + kw); u++) values.push(x.data[(c * ih + y) * iw + u]);
      }
      // torch counts what is padded, and not what lies beyond the padding
      const inside = (at, k, n, p) => Math.min(at + k, n + p) - at;
      return of(values, inside(i * sy - py, kh, ih, py) * inside(j * sx - px, kw, iw, px));
    });
  };

  const run = (operations, x, told = {}) => operations.reduce((y, o) => OPERATIONS[o.op](o, y, told), x);

  const LOG_2PI = Math.log(2 * Math.PI);
  const sum = (n, term) => { let total = 0; for (let i = 0; i < n; i++) total += term(i); return total; };
  const logSum = (terms) => { const m = Math.max(...terms); return m + Math.log(terms.reduce((s, t) => s + Math.exp(t - m), 0)); };
  const normal = (x, mean, logScale) => -0.5 * (((x - mean) / Math.exp(logScale)) ** 2 + LOG_2PI) - logScale;
  // log((e^l - 1) / l), near 0 by its series
  const logNormalizer = (l) => (Math.abs(l) < 0.1
    ? l / 2 + l ** 2 / 24 - l ** 4 / 2880 + l ** 6 / 181440
    : Math.max(l, 0) + Math.log(-Math.expm1(-Math.abs(l)) / Math.abs(l)));

  // Likelihoods: from the decoder's output, the mean of p(x|z), and log p(x|z) of each value, in nats.
  const LIKELIHOODS = {
    point: () => ({ mean: (h) => h }),
    bernoulli: () => ({
      mean: (h) => h.map(sigmoid),
      log: (h, x) => (i) => h[i] * x[i] - softplus(h[i]),
    }),
    continuous: () => ({
      mean: (h) => h.map((l) => (Math.abs(l) < 0.1
        ? 0.5 + l / 12 - l ** 3 / 720 + l ** 5 / 30240 : -1 / Math.expm1(-l) - 1 / l)),
      log: (h, x) => (i) => h[i] * x[i] - logNormalizer(h[i]),
    }),
    normal: ({ log_scale: s }) => ({
      mean: (h) => h,
      log: (h, x) => (i) => normal(x[i], h[i], s.data[i]),
    }),
    logistic: ({ log_scale: s, levels }) => ({
      mean: (h) => h.map((m) => Math.min(1, Math.max(0, m + 0.5))),
      log: (h, x) => (i) => {
        const scale = Math.exp(s.data[i]), width = 1 / (levels - 1) / scale;
        const at = (x[i] - h[i] - 0.5) / scale, lower = at - width / 2, upper = at + width / 2;
        if (x[i] <= 0.5 / (levels - 1)) return -softplus(-upper);
        if (x[i] >= 1 - 0.5 / (levels - 1)) return -softplus(lower);
        return -softplus(-upper) - softplus(lower) + Math.log(-Math.expm1(-width));
      },
    }),
    categorical: ({ levels, plane }) => {
      const logits = (h, i) => {
        const c = Math.floor(i / plane);
        return Array.from({ length: levels }, (_, k) => h[(c * levels + k) * plane + (i % plane)]);
      };
      return {
        mean: (h) => Float64Array.from({ length: h.length / levels }, (_, i) => {
          const l = logits(h, i), all = logSum(l);
          return sum(levels, (k) => (Math.exp(l[k] - all) * k) / (levels - 1));
        }),
        log: (h, x) => (i) => { const l = logits(h, i); return l[Math.round(x[i] * (levels - 1))] - logSum(l); },
      };
    },
  };

  const bounded = (v) => Math.min(v, 10) + Math.log1p(Math.max(v - 10, 0));

  const held = (v) => bounded(Math.max(v, -20) - Math.log1p(Math.max(-20 - v, 0)));

  // Normals over layers, each given those above it: mean and log-scale before a network shifts both by context and z above.
  const chain = ({ widths, networks }, mean, logVariance, context) => {
    const layer = (k, start, above) => {
      const n = widths[k], told = [...context, ...above];
      const h = k ? run(networks[k - 1], tensor(Float64Array.from(told), [told.length])).data : new Float64Array(2 * n);
      const part = (f) => Array.from({ length: n }, (_, i) => f(start + i, i));
      return { mean: part((at, i) => mean[at] + h[i]), log: part((at, i) => 0.5 * held(logVariance[at] + h[n + i])) };
    };
    // down the layers: z is what `next` makes of each one's normal
    const down = (next) => {
      const found = { z: [], mean: [], log: [] };
      widths.forEach((n, k) => {
        const start = found.z.length, one = layer(k, start, found.z);
        found.mean.push(...one.mean);
        found.log.push(...one.log);
        found.z.push(...one.mean.map((m, i) => next(m, one.log[i], start + i)));
      });
      return found;
    };
    return { push: (noise) => down((m, l, i) => m + Math.exp(l) * noise[i]), at: (z) => down((_, __, i) => z[i]) };
  };

  // Posteriors: from the encoder's output, the centre, z from noise, log q of that z, and the KL to N(0, I).
  const POSTERIORS = {
    point: (h) => ({ mean: h, push: () => h }),
    diagonal: (h, d) => {
      const mean = h.slice(0, d), log = Float64Array.from(h.slice(d, 2 * d), (v) => 0.5 * bounded(v));
      const kl = log.map((s, i) => 0.5 * (Math.exp(2 * s) + mean[i] ** 2 - 1) - s);
      return {
        mean, kl, log,
        normals: () => ({ mean, log }),
        push: (noise) => mean.map((m, i) => m + Math.exp(log[i]) * noise[i]),
        density: (noise) => sum(d, (i) => -0.5 * (noise[i] ** 2 + LOG_2PI) - log[i]),
      };
    },
    full: (h, d) => {
      const mean = h.slice(0, d), log = Float64Array.from(h.slice(d, 2 * d), (v) => 0.5 * bounded(v));
      const entry = (i, j) => (i === j ? Math.exp(log[i]) : (h[2 * d + (i * (i - 1)) / 2 + j] * Math.exp(log[i])) / d);
      const row = (i, f) => sum(i + 1, (j) => f(entry(i, j), j));
      const kl = mean.map((m, i) => 0.5 * (row(i, (l) => l * l) + m * m - 1) - log[i]);
      return {
        mean, kl, log,
        push: (noise) => mean.map((m, i) => m + row(i, (l, j) => l * noise[j])),
        density: (noise) => sum(d, (i) => -0.5 * (noise[i] ** 2 + LOG_2PI) - log[i]),
      };
    },
    hierarchical: (h, d, layers) => {
      const layered = chain(layers, h.slice(0, d), h.slice(d, 2 * d), h.slice(2 * d));
      return {
        mean: Float64Array.from(layered.push(new Float64Array(d)).z),
        normals: layered.push,
        push: (noise) => layered.push(noise).z,
        density: (noise) => { const { log } = layered.push(noise); return sum(d, (i) => -0.5 * (noise[i] ** 2 + LOG_2PI) - log[i]); },
      };
    },
  };

  // Priors besides N(0, I): log p(z), and each dimension's normal given the z above it, where there is one.
  const PRIORS = {
    normal: (_, d) => ({
      log: (z) => sum(d, (i) => normal(z[i], 0, 0)),
      normals: () => ({ mean: new Float64Array(d), log: new Float64Array(d) }),
    }),
    mixture: (prior) => ({ log: (z) => logMixture(prior, z) }),
    hierarchical: (prior, d) => {
      const { at } = chain(prior, new Float64Array(d), new Float64Array(d), []);
      return { log: (z) => { const { mean, log } = at(z); return sum(d, (i) => normal(z[i], mean[i], log[i])); }, normals: at };
    },
  };

  const klOf = (q, p) => Array.from(q.mean, (m, i) =>
    0.5 * (Math.exp(2 * (q.log[i] - p.log[i])) + ((m - p.mean[i]) / Math.exp(p.log[i])) ** 2 - 1) - q.log[i] + p.log[i]);

  const logMixture = (prior, z) => {
    const d = z.length, { log_weights: w, means: m, log_scales: s } = prior;
    return logSum(Array.from(w.data, (weight, k) => weight + sum(d, (i) => normal(z[i], m.data[k * d + i], s.data[k * d + i]))));
  };

  // A model: what the page asks of it. Inputs and outputs are flat arrays.
  const build = (told) => {
    const { latent_dim: d, shape, decoder, encoder, judge, posterior, prior } = told;
    const likelihood = LIKELIHOODS[told.likelihood.kind](told.likelihood);
    const output = (z, label) => run(decoder, tensor(Float64Array.from(z), [d]), { label }).data;
    const encode = encoder && ((x, noise) => {
      const h = run(encoder, tensor(Float64Array.from(x), shape), { noise }).data;
      return POSTERIORS[posterior](h, d, told.layers);
    });
    const reconstruction = likelihood.log && ((x, z, label) => {
      const h = output(z, label);
      return sum(count(shape), likelihood.log(h, x));
    });
    const known = PRIORS[prior.kind]?.(prior, d);
    // the bound's terms at z = mean + scale * noise; the KL in closed form where the prior is N(0, I), or layer by layer
    const bound = encode && reconstruction && ((x, noise = new Float64Array(d)) => {
      const q = encode(x), z = q.push(noise), found = { z, mean: q.mean, reconstruction: reconstruction(x, z) };
      if (!q.density || !known) return found;
      const layers = q.normals && known.normals && klOf(q.normals(noise), known.normals(z));
      const each = (prior.kind === "normal" && q.kl) || layers || null;
      const kl = each ? sum(d, (i) => each[i]) : q.density(noise) - known.log(z);
      return { ...found, kl, elbo: found.reconstruction - kl, each };
    });
    return {
      told, output, encode, bound, reconstruction,
      mean: (z, label) => likelihood.mean(output(z, label)),
      judge: judge && ((x, label) => run(judge, tensor(Float64Array.from(x), shape), { label }).data[0]),
    };
  };

  const half = (bits) => {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -14 * (fraction / 1024);
  };

  const inflated = async (text) => {
    const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };

  // Numbers as exploring/weights.py packs them: all first bytes, then all second ones.
  const WIDTHS = { f32: 4, f16: 2, u8: 1 };
  const unpacked = async (kind, text) => {
    const planes = await inflated(text), width = WIDTHS[kind], many = planes.length / width;
    if (kind === "u8") return planes;
    const bytes = new Uint8Array(planes.length);
    for (let b = 0; b < width; b++) for (let i = 0; i < many; i++) bytes[i * width + b] = planes[b * many + i];
    const view = new DataView(bytes.buffer), numbers = new Float32Array(many);
    for (let i = 0; i < many; i++) numbers[i] = kind === "f32" ? view.getFloat32(4 * i, true) : half(view.getUint16(2 * i, true));
    return numbers;
  };

  const isReference = (value) => Array.isArray(value) && value.length === 3 && value[0] in WIDTHS && Array.isArray(value[2]);

  // A model from its description and its heaps of numbers: each reference becomes the tensor that it names.
  const load = async (told, packed) => {
    const heaps = {};
    for (const [kind, text] of Object.entries(packed)) heaps[kind] = await unpacked(kind, text);
    const resolve = (value) => {
      if (isReference(value)) return tensor(heaps[value[0]].subarray(value[1], value[1] + count(value[2])), value[2]);
      if (Array.isArray(value)) return value.map(resolve);
      if (value === null || typeof value !== "object") return value;
      return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, resolve(part)]));
    };
    return build(resolve(told));
  };

  return { load, run, tensor };
})();
