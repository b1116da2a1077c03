"""Charlie, who is in no club, finds nothing of Kallio Yoga, whichever way he tries (`A1`)."""

from playwright.sync_api import expect

from e2e.conftest import PHONE, OpenLab
from e2e.running import Stack


def test_charlie_sees_nothing(stack: Stack, lab: OpenLab) -> None:
    charlie, group = stack.person("Charlie"), stack.telegram.chat("Kallio Yoga")
    code = stack.event(group, "Members only", emoji="🤫", capacity=4, card=False)
    charlie.start()
    charlie.private.wait(sender="bot")

    here = lab(size=PHONE).be(charlie.id)
    for command in ("/events", f"/book {code}", "/polls", "/mybookings"):
        last = charlie.private.messages()[-1]["id"]
        here.say(command)
        answer = charlie.private.wait(sender="bot", after=last)
        assert "Members only" not in answer["text"], answer["text"]
        assert "Kallio" not in answer["text"], answer["text"]
    here.shot("3-charlie-asks-the-bot")

    launched = charlie.launch(path="direct", startapp=f"e_{code}")
    app = here.page
    app.goto(launched["url"])
    screen = app.locator("main#screen")
    expect(screen).to_contain_text("Not found, or you don’t have access")
    expect(screen).not_to_contain_text("Members only")
    here.shot("3-charlie-follows-a-link")
    app.goto("about:blank")
    app.goto(charlie.launch(path="profile")["url"])
    expect(screen).to_contain_text("You’re in no club yet")
    here.shot("3-charlie-opens-the-app")
    for tab in ("Mine", "Polls", "Me"):
        screen.get_by_role("link", name=tab, exact=True).click()
        expect(screen.locator("[aria-current=page]")).to_have_text(tab)
        expect(screen).not_to_contain_text("Kallio")
