"""Parts of statements about groups."""

# Whether a member `m` of the club reads of a series `r`: one of a group is for those who are in that group, as far as Telegram
# was asked, and for whoever has a role in the club (A5). Without OFFSET 0 the planner may read
# all members of all groups at once, whatever is asked.
SEES_SERIES = """(r.group_id IS NULL OR r.visibility = 'link' OR m.role <> 'MEMBER' OR EXISTS (
    SELECT 1 FROM group_members here WHERE here.group_id = r.group_id AND here.user_id = m.user_id AND here.present OFFSET 0))"""
