from twinguard import Guard

guard = Guard()  # the default policy; one for the whole program

with guard.session() as session:  # one for each conversation
    # Everything the model is shown, in that order: text, or any value that JSON can hold.
    session.observe("Refund order ORD-55-204817, please.", source="user-message")
    session.observe({"order": {"id": "ORD-55-204817", "paid_from": "acct_7H9j3"}}, tool="get_order")

    # Every call, before it runs.
    arguments = {"order_id": "ORD-55-204817", "account_id": "acct_7H9j2"}
    verdict = session.check("refund", arguments)

    print(verdict.decision)
    for finding in verdict.findings:
        print(finding.pointer, finding.written, finding.relation)
    if not verdict.allowed:
        print(verdict.message)  # the tool's error, for the model to correct itself
