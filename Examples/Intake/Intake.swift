import Penstock
