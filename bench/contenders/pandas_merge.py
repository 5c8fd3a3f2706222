"""What a pandas merge of an invoice with a Halo takes: prints processor seconds, its frames being ready,
and how many of each action it found, as JSON.

python pandas_merge.py LINES CUSTOMERS CHANGED_PERCENT
"""

import json
import sys
import time

import numpy as np
import pandas as pd

lines, customers, changed = (int(word) for word in sys.argv[1:])
number = np.arange(lines)
keys = {
    "client_id": number % customers + 1,
    "name": [f"PRODUCT-{at // customers}" for at in range(lines)],
    "quantity": number % 40 + 1.0,
    "price": 31.5,
    "cycle": "Monthly",
}
invoice = pd.DataFrame(keys)
halo = pd.DataFrame({**keys, "quantity": keys["quantity"] + (number % 100 < changed), "id": number + 1})
began = time.process_time()
both = invoice.merge(halo, how="outer", on=["client_id", "name"], suffixes=("", "_halo"), indicator=True)
same = (
    (both["quantity"] == both["quantity_halo"])
    & (both["price"] == both["price_halo"])
    & (both["cycle"] == both["cycle_halo"])
)
action = np.select(
    [both["_merge"] == "left_only", both["_merge"] == "right_only", same], ["create", "delete", "unchanged"], "update"
)
seconds = time.process_time() - began
names, counts = np.unique(action, return_counts=True)
print(json.dumps({"seconds": seconds, "actions": dict(zip(names.tolist(), counts.tolist(), strict=True))}))
