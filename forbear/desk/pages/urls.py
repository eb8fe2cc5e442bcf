"""Addresses of the desk's pages. A borrower's identity may be any text, so it stands last in an address."""

from django.urls import path

from forbear.desk.pages import audit, board, borrower, history, payments, portfolio, rules, users, views, worklist

app_name = "pages"
urlpatterns = [
    path("", views.home, name="home"),
    path("language", views.language, name="language"),
    path("portfolio", portfolio.portfolio, name="portfolio"),
    path("portfolio/scripts/<str:name>", portfolio.script, name="portfolio_script"),
    path("portfolio/<str:as_of>", portfolio.portfolio, name="portfolio_of"),
    path("payments", payments.payments, name="payments"),
    path("payments/book/<path:loan_id>", payments.book_payment, name="book_payment"),
    path("payments/of/<path:loan_id>", payments.payments_of, name="payments_of"),
    path("board", board.show, name="board"),
    path("audit", audit.audit, name="audit"),
    path("users", users.users, name="users"),
    path("users/add", users.add, name="add_user"),
    path("users/<int:user_id>/password", users.password, name="user_password"),
    path("users/<int:user_id>/switch", users.switch, name="switch_user"),
    path("rules", rules.rules, name="rules"),
    path("rules/vouched", rules.vouched, name="vouched"),
    path("rules/vouch", rules.vouch_for, name="vouch_for"),
    path("rules/vouched/end/<int:vouched_id>", rules.end_vouched, name="end_vouched"),
    path("worklist", worklist.worklist, name="worklist"),
    path("worklist/next", worklist.take_next, name="take_next"),
    path("cases/take/<path:case_id>", worklist.take, name="take"),
    path("cases/release/<path:case_id>", borrower.release, name="release"),
    path("cases/of/<path:borrower_id>", history.history, name="history"),
    path("borrowers/show/<path:borrower_id>", borrower.show_value, name="show_value"),
    path("borrowers/<path:borrower_id>", borrower.borrower, name="borrower"),
    path("notes/of/<path:borrower_id>", borrower.note, name="note"),
]
