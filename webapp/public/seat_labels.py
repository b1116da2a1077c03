"""The availability of an instance for an unknown reader, in one line: for the page, its preview and its
picture."""

from backend.bookings.views import InstanceView
from backend.i18n import N_, Voice


def seats_label(view: InstanceView, voice: Voice) -> str:
    """`3 seats free`, `Full · 1 held · 2 wait`, `Cancelled`; numbers of seats and parties, no names."""
    phase = view.phase
    if phase == "cancelled":
        return voice.gettext(N_("Cancelled"))
    if phase == "ended":
        return voice.gettext(N_("This date is over"))
    if phase == "not-open":
        opens = voice.moment(view.windows.opens_at or view.starts_at, view.zone)
        return voice.gettext(N_("Booking opens %(opens)s"), opens=opens)
    if phase == "closed":
        return voice.gettext(N_("Booking has closed"))
    free, waiting = view.free, view.waiting
    if free is None:
        return voice.gettext(N_("Room for all"))
    labels = [
        voice.ngettext(N_("%(num)s seat free"), N_("%(num)s seats free"), free, num=free)
        if free
        else voice.gettext(N_("Full"))
    ]
    if view.offered:
        labels.append(voice.ngettext(N_("%(num)s held"), N_("%(num)s held"), view.offered, num=view.offered))
    if waiting:
        labels.append(voice.ngettext(N_("%(num)s in line"), N_("%(num)s in line"), waiting, num=waiting))
    return " · ".join(labels)
