"""
Covering or seeking
===================

One normal for two modes, by four divergences: a lab of the theory, in its quick form. Each prediction stands beside
what was measured.
"""

import reparam

result = reparam.labs.mode_covering.run(quick=True)
print(result)

figure = result.figure()
