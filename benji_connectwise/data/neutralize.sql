-- A copy of a database must not speak to the customer's ConnectWise.
UPDATE connectwise_backend
   SET public_key = NULL,
       stored_private_key = NULL,
       client_id = NULL,
       state = 'draft';

-- Nor be called by it: without its token each call is refused.
DELETE FROM connectwise_callback;
DELETE FROM connectwise_callback_change;

-- What is being typed into the wizard, too.
DELETE FROM connectwise_backend_configure;
