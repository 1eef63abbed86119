-- The fifty segments by hand, for DuckDB: customer and fifty Booleans, in the order of fifty.rules.
-- $now and $ago_N are instants in microseconds since 1970 (N calendar days before $now), $sale the day's first.

with
purchases as materialized (
  select customer, epoch_us(paid_at) as moment, (amount * 100)::bigint as cents, category,
         coalesce(epoch_us(refunded_at) <= $now, false) as refunded
  from orders where epoch_us(paid_at) <= $now
),
totals as materialized (
  select customer,
         count(*)::bigint as purchases,
         min(moment) as first_at,
         max(moment) as last_at,
         sum(cents)::bigint as spent,
         max(cents) as dearest,
         count(*) filter (where moment > $ago_30) as in_30d,
         count(*) filter (where moment > $ago_90) as in_90d,
         sum(cents) filter (where moment > $ago_30)::bigint as spent_30,
         sum(cents) filter (where moment > $ago_90)::bigint as spent_90,
         sum(cents) filter (where moment > $ago_365)::bigint as spent_365,
         sum(cents) filter (where moment > $ago_730 and moment <= $ago_365)::bigint as spent_ago,
         count(*) filter (where category = 'cosmetics' and moment > $ago_90) as cosmetics,
         count(*) filter (where refunded) as refunded,
         count(*) filter (where (moment + 28800000000) % 86400000000 >= 64800000000) as evenings,  -- Shanghai keeps UTC+8
         bit_or(1 << enum_code(category)::integer) as categories
  from purchases group by customer
),
-- Gaps matter to those who bought twice; sorting is the dearest step, so the others are left out before it.
gaps as (
  select customer, moment - lag(moment) over visits as gap, row_number() over visits as number
  from purchases semi join (select customer from totals where purchases > 1) using (customer)
  window visits as (partition by customer order by moment)
),
rhythm as (
  select customer, round_even(quantile_cont(gap, 0.5), 0)::bigint as median_gap, any_value(gap) filter (where number = 2) as second_gap
  from gaps where gap is not null group by customer
),
-- The favourite category, of equals the one bought last: a count above 51 bits of time orders by both.
dresses as (
  select customer, (count(*) << 51) + max(moment) as weight from purchases where category = 'dress' group by customer
),
others as (
  select customer, max(weight) as weight
  from (
    select customer, category, (count(*) << 51) + max(moment) as weight
    from purchases semi join dresses using (customer) where category <> 'dress' group by customer, category
  ) group by customer
),
favours_dress as (
  select customer from dresses left join others using (customer)
  where others.weight is null or dresses.weight > others.weight
),
sale as (
  select customer, min(moment) as sale_at from purchases
  where moment >= $sale and moment < $sale + 86400000000 and cents >= 29900 group by customer
),
placed_three as (
  select customer from orders where epoch_us(placed_at) <= $now group by customer having count(*) >= 3
),
unpaid as (
  select distinct customer from orders
  where epoch_us(placed_at) between $now - 86400000000 and $now - 3600000000
    and coalesce(epoch_us(paid_at) > $now, true)
),
never_open as (
  select customer from events where epoch_us("at") <= $now and kind in ('message', 'open') group by customer
  having count(*) filter (where kind = 'message') >= 3 and count(*) filter (where kind = 'open') = 0
),
stopped as (
  select customer from events where epoch_us("at") <= $now and kind = 'visit' group by customer having max(epoch_us("at")) < $ago_180
),
recent as materialized (
  select customer, kind, channel, epoch_us("at") as moment from events
  where epoch_us("at") > $ago_90 and epoch_us("at") <= $now and kind in ('view', 'open', 'inquiry', 'cart')
),
recent_orders as materialized (
  select customer, epoch_us(placed_at) as placed_at from orders where epoch_us(placed_at) > $ago_90 and epoch_us(placed_at) <= $now
),
lately as (
  select customer,
         count(*) filter (where kind = 'view') as views,
         count(*) filter (where kind = 'open' and channel = 'email' and moment > $ago_10) > 0 as mail_read
  from recent where kind in ('view', 'open') and moment > $ago_30 group by customer
),
carts as (
  select distinct customer from recent as cart
  where kind = 'cart' and moment > $ago_3 and moment <= $now - 86400000000
    and not exists (
      from recent_orders as later
      where later.customer = cart.customer and later.placed_at > cart.moment and later.placed_at <= cart.moment + 86400000000
    )
),
asked as (
  select inquiry.customer, inquiry.moment
  from (select customer, max(moment) as moment from recent where kind = 'inquiry' group by customer) as inquiry
  where not exists (
    from recent_orders as later where later.customer = inquiry.customer and later.placed_at > inquiry.moment
  )
),
researcher as (
  select distinct customer from (
    select view.customer, view.moment - lag(view.moment, 2) over (partition by view.customer order by view.moment) as span
    from recent as view join asked on view.customer = asked.customer and view.moment < asked.moment where view.kind = 'view'
  ) where span <= 604800000000
),
known as materialized (
  select customers.customer,
         totals.* exclude (customer, purchases),
         coalesce(purchases, 0) as purchases,
         median_gap, second_gap, sale_at, views, mail_read,
         favours_dress.customer is not null as favours_dress,
         placed_three.customer is not null as placed_three,
         unpaid.customer is not null as unpaid,
         never_open.customer is not null as never_opens,
         stopped.customer is not null as stopped_coming,
         carts.customer is not null as cart_left,
         researcher.customer is not null as researcher,
         rounded_mean(spent * 100, purchases) as basket,
         rounded_mean(last_at - first_at, nullif(purchases - 1, 0)) as mean_gap
  from customers
  left join totals using (customer)
  left join rhythm using (customer)
  left join sale using (customer)
  left join lately using (customer)
  left join favours_dress using (customer)
  left join placed_three using (customer)
  left join unpaid using (customer)
  left join never_open using (customer)
  left join stopped using (customer)
  left join carts using (customer)
  left join researcher using (customer)
),
sums as (
  select sum(basket)::bigint as baskets, count(basket) as buyers, sum(spent)::bigint * 100 as spent,
         avg(purchases) as mean_purchases,
         quantile_disc(last_at, [0.2, 0.4, 0.6, 0.8]) as recency_cuts,
         quantile_disc(purchases, [0.2, 0.4, 0.6, 0.8]) as frequency_cuts,
         quantile_disc(spent, [0.2, 0.4, 0.6, 0.8]) as money_cuts
  from known
),
means as (
  select *,
         rounded_mean(baskets, buyers) as mean_basket,
         rounded_mean(spent, buyers) as mean_spent
  from sums
),
scored as (
  select known.*, mean_basket,
         known.spent * 100 >= mean_spent as rich,
         purchases >= mean_purchases as often,
         $now - last_at as idle,
         -- ntile = floor(below * 5 / n) + 1 = 1 + how many of the four cuts are smaller.
         1 + (last_at > recency_cuts[1])::int + (last_at > recency_cuts[2])::int
           + (last_at > recency_cuts[3])::int + (last_at > recency_cuts[4])::int as r,
         1 + (purchases > frequency_cuts[1])::int + (purchases > frequency_cuts[2])::int
           + (purchases > frequency_cuts[3])::int + (purchases > frequency_cuts[4])::int as f,
         1 + (known.spent > money_cuts[1])::int + (known.spent > money_cuts[2])::int
           + (known.spent > money_cuts[3])::int + (known.spent > money_cuts[4])::int as m
  from known cross join means
),
judged as (
  select *,
         coalesce(rich and often, false) as premium,
         coalesce(r <= 2 and f >= 4 and m >= 4, false) as at_risk,
         coalesce(refunded / purchases >= 0.25 and purchases >= 2, false) as refund_prone,
         coalesce(evenings / purchases >= 0.5, false) as evening_buyer
  from scored
)
select customer,
       coalesce(last_at >= $ago_30, false) as bought_in_30d,
       coalesce(last_at < $ago_30 and last_at >= $ago_90, false) as idle_30_to_90,
       coalesce(last_at < $ago_90 and last_at >= $ago_180, false) as idle_90_to_180,
       coalesce(last_at < $ago_180 and last_at >= $ago_365, false) as idle_180_to_365,
       coalesce(last_at < $ago_365, false) as idle_over_365,
       purchases = 0 as never_bought,
       purchases = 1 as bought_once,
       purchases = 2 as bought_twice,
       purchases between 3 and 5 as regular,
       purchases >= 6 as loyal,
       placed_three,
       coalesce(in_30d >= 2, false) as twice_in_30d,
       coalesce(in_90d >= 3, false) as thrice_in_90d,
       coalesce(spent_30 >= 30000, false) as spent_300_in_30d,
       coalesce(spent_90 >= 80000, false) as spent_800_in_90d,
       coalesce(spent_365 >= 200000, false) as spent_2000_in_year,
       coalesce(spent_ago >= 100000, false) as spent_1000_year_ago,
       coalesce(spent_365 > spent_ago, false) as growing,
       coalesce(spent_365 * 2 < spent_ago, false) as halved,
       coalesce(basket >= 5000000, false) as big_basket,
       coalesce(basket > mean_basket, false) as basket_above_average,
       coalesce(dearest >= 150000, false) as one_dear_order,
       coalesce(r = 5 and f >= 4 and m >= 4, false) as champions,
       coalesce(m = 5, false) as big_spenders,
       at_risk,
       coalesce(r = 1 and m <= 2, false) as hibernating,
       coalesce(r + f + m >= 12, false) as rfm_twelve,
       premium as premium_customers,
       coalesce(rich and not often, false) as few_but_large,
       not coalesce(rich, false) and often as many_but_small,
       coalesce((categories & (1 << enum_code('dress'::category)::integer)) <> 0
         and (categories & (1 << enum_code('shoes'::category)::integer)) = 0, false) as dress_never_shoes,
       favours_dress,
       coalesce(bit_count(categories) >= 4, false) as explorer,
       coalesce(cosmetics > 0, false) as cosmetics_in_90d,
       unpaid as unpaid_for_a_day,
       coalesce(sale_at = first_at, false) as came_with_a_sale,
       coalesce(first_at <= $ago_23 and coalesce(second_gap > 1987200000000, true), false) as no_second_in_23d,
       refund_prone,
       evening_buyer,
       coalesce(idle > mean_gap * 2, false) as overdue,
       coalesce(idle > median_gap * 3, false) as long_overdue,
       coalesce(mail_read, false) and not coalesce(last_at > $ago_10, false) as reads_not_buys,
       never_opens,
       stopped_coming,
       coalesce(views >= 5, false) as keen_viewer,
       cart_left,
       researcher,
       premium and coalesce(last_at < $ago_365, false) as sleeping_premium,
       ((premium and coalesce(last_at < $ago_365, false)) or at_risk) and not refund_prone as win_back,
       ((premium and coalesce(last_at < $ago_365, false)) or at_risk) and not refund_prone
         and (favours_dress or evening_buyer) and not never_opens as care_first
from judged
