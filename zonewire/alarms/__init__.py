"""Alarms: symptoms and their judges, what is kept of them, who is told, and in which words.

Pure where it judges; zonewire/picturing.py takes the picture that is judged by, zonewire/watch.py looks and tells.
Imports delivery and what stands below it.
"""

from zonewire.alarms.keeping import Kept, Known, Told, forget, keep
from zonewire.alarms.listing import FULL, AlarmOn, alarms_lately, alarms_on, alarms_seen, as_json, on_now
from zonewire.alarms.picture import LaneSeen, Picture, Surroundings, Tries
from zonewire.alarms.receivers import CHANNELS, Receiver, receivers, tell, untell
from zonewire.alarms.symptoms import SYMPTOMS, Alarm, judge
from zonewire.alarms.turns import blind_since
from zonewire.alarms.words import Places, said

__all__ = [
    "CHANNELS",
    "FULL",
    "SYMPTOMS",
    "Alarm",
    "AlarmOn",
    "Kept",
    "Known",
    "LaneSeen",
    "Picture",
    "Places",
    "Receiver",
    "Surroundings",
    "Told",
    "Tries",
    "alarms_lately",
    "alarms_on",
    "alarms_seen",
    "as_json",
    "blind_since",
    "forget",
    "judge",
    "keep",
    "on_now",
    "receivers",
    "said",
    "tell",
    "untell",
]
